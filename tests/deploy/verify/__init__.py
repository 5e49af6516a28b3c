"""`make verify-aws`: whether Chatterbox does in AWS what this repository says. It deploys, tries, measures, writes docs/verified.md, and destroys."""
