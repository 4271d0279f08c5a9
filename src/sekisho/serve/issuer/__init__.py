"""``sekisho serve issuer``: what a cluster's issuer of service account tokens publishes about itself."""
