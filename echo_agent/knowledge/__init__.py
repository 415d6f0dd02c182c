"""Domain knowledge about products: cards, the rules in them, and the passages they cite."""
