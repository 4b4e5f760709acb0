"""Rules: declared once as data, judged alike by every engine."""
