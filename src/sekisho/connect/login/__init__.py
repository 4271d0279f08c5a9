"""Signing a person in at an OpenID Connect issuer, for kubectl: requests, answers, flows, accounts kept."""
