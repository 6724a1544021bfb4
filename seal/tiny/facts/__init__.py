"""The world of facts: invented people, towns and companies, and the language model pretrained on them."""
