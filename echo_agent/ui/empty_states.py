"""What the page shows where there is nothing to show yet."""

NOTHING_INSPECTED = (
    '<div class="blank"><b>Nothing inspected yet</b>'
    "<p>Choose the product, drop a photograph of the part or paste one, and press Inspect.</p></div>"
)
NO_PRODUCTS = (
    '<div class="blank"><b>No product is registered yet</b>'
    "<p>Open <i>Products</i>, drop photographs of good parts and give the product a name.</p></div>"
)
NOTHING_WAITS = (
    '<div class="blank"><b>Nothing waits for a person</b>'
    "<p>Parts that Echo cannot decide are listed here until somebody says what they are.</p></div>"
)
NOTHING_CHOSEN = (
    '<div class="blank"><b>Choose a part</b>'
    "<p>Its picture, its evidence and what Echo proposes are shown here.</p></div>"
)
ASK_AWAY = (
    '<p class="ask">Ask about this part: where, how big, compared with the reference, within tolerance, '
    "what if the limit were 3 mm?</p>"
)
