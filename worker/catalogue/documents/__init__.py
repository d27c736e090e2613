"""The text of a document, piece by piece: PDF, DOCX and HTML."""
