"""The world of facts: invented people, towns and companies, and the language model that grew up in it."""
