"""A memory in the files of an earlier Echo: catalog.json, feedback.jsonl and one JSON file an inspection."""

import json
import shutil

from echo_agent.state import flat_verdict


def as_former_files(memory):
    """Writes what a memory's database holds into the files of before, and removes the database."""
    folder = memory.folder
    products = {}
    for record in memory.products():
        values = record.model_dump(mode="json", exclude={"origin", "learnt"})
        if record.card is not None:
            place = folder / record.folder / "knowledge"
            shutil.copytree((folder / record.card).parent, place)
            values["card"] = f"{record.folder}/knowledge/card.yaml"
        products[record.name] = values
    catalog = {
        "format": 1,
        "generation": 5,
        "encoder": memory.encoder.id,
        "encoder_name": memory.encoder_name,
        "products": products,
    }
    (folder / "catalog.json").write_text(json.dumps(catalog, indent=1), encoding="utf-8")
    told = [said.model_dump_json(exclude={"name", "forgotten", "in_force"}) for said in memory.answers()]
    (folder / "feedback.jsonl").write_text("".join(f"{line}\n" for line in told), encoding="utf-8")
    (folder / "inspections").mkdir()
    for record in memory.inspections.newest():
        values = record.model_dump(mode="json", exclude={"name"}) | {"verdict": flat_verdict(record.verdict)}
        (folder / "inspections" / f"{record.id}.json").write_text(json.dumps(values), encoding="utf-8")
    shutil.rmtree(folder / "knowledge", ignore_errors=True)
    for file in folder.glob("memory.sqlite3*"):
        file.unlink()
