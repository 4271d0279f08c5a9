"""OpenID Connect tokens as Kubernetes takes them: configuration, token, user."""
