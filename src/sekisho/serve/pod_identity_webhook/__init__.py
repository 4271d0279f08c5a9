"""The checkpoint ``sekisho serve pod-identity-webhook``: pods of annotated accounts get their role."""
