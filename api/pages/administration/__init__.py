"""The pages of all that is administered: made of what the API declares of it, one table of labels, one list and one form."""
