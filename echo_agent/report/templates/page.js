"use strict";
const parts = JSON.parse(document.getElementById("parts").textContent);
const atOnce = Number(document.body.dataset.atOnce);
const grid = document.querySelector(".grid"), body = document.querySelector(".table tbody");
const form = document.querySelector(".controls"), told = document.querySelector(".told");
const articles = new Map(), rows = new Map();
for (const article of grid.children) articles.set(Number(article.dataset.number), article);
for (const row of body.children) rows.set(Number(row.dataset.number), row);
const rank = {defective: 0, review: 1, normal: 2};
let chosen = parts, page = 0, by = null, down = false;

function article(part) {
  if (!articles.has(part.number)) {
    const made = document.createElement("template");
    made.innerHTML = part.article;
    articles.set(part.number, made.content.firstElementChild);
  }
  return articles.get(part.number);
}

function row(part) {
  if (!rows.has(part.number)) {
    const made = rows.values().next().value.cloneNode(true);
    made.dataset.number = part.number;
    const number = (value) => value === null ? "-" : value.toFixed(2);
    const link = made.querySelector("a");
    link.href = "#part-" + part.number;
    link.textContent = part.name;
    const badge = made.querySelector(".badge");
    badge.className = "badge " + part.label;
    badge.textContent = part.label;
    const texts = [null, null, part.sure, number(part.score), number(part.threshold),
      part.regions, part.type, part.product, part.when];
    texts.forEach((text, place) => { if (text !== null) made.cells[place].textContent = text; });
    rows.set(part.number, made);
  }
  return rows.get(part.number);
}

function show() {
  const last = Math.max(0, Math.ceil(chosen.length / atOnce) - 1);
  page = Math.min(Math.max(0, page), last);
  const now = chosen.slice(page * atOnce, (page + 1) * atOnce);
  body.replaceChildren(...now.map(row));
  grid.replaceChildren(...now.map(article));
  told.textContent = now.length
    ? `${page * atOnce + 1} to ${page * atOnce + now.length} of ${chosen.length}` : "no part is like that";
  form.elements.back.disabled = page === 0;
  form.elements.on.disabled = page === last;
}

function choose() {
  const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const label = form.elements.label.value;
  chosen = parts.filter((part) => (!label || part.label === label) && words.every((word) =>
    `${part.name} ${part.product} ${part.type} ${part.when}`.toLowerCase().includes(word)));
  if (by !== null) {
    const key = by === "label" ? (part) => rank[part.label] : (part) => part[by];
    chosen.sort((one, other) => {
      const a = key(one), b = key(other);
      if (a === b) return one.number - other.number;
      if (a === null || b === null) return a === null ? 1 : -1;
      return (a < b ? -1 : 1) * (down ? -1 : 1);
    });
  }
  page = 0;
  show();
}

form.addEventListener("input", choose);
form.addEventListener("submit", (event) => event.preventDefault());
form.elements.back.addEventListener("click", () => { page -= 1; show(); });
form.elements.on.addEventListener("click", () => { page += 1; show(); });
for (const head of document.querySelectorAll("th button")) head.addEventListener("click", () => {
  down = by === head.value && !down;
  by = head.value;
  for (const other of document.querySelectorAll(".table th")) other.removeAttribute("aria-sort");
  head.parentElement.setAttribute("aria-sort", down ? "descending" : "ascending");
  choose();
});
form.hidden = false;
if (parts.length) show();
