"""IAM tokens to Kubernetes users, as a TokenReview webhook in the place of aws-iam-authenticator."""
