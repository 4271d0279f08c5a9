"""The front door of AWS's side: who signed a request, what it asks, may they, and who answers."""
