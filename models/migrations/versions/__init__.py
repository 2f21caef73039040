"""One file for each step; `r0001` makes everything."""
