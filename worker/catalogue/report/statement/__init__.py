"""Financial statements: rows are items, columns are periods; growth, ratios and figures that do not fit together."""
