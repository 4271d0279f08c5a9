"""EKS access policies for any cluster, as a SubjectAccessReview webhook."""
