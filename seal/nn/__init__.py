"""Networks: what is loaded, adapted, trained and saved. It has never heard of self-edits or rewards."""
