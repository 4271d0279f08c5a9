"""What `can`, `why`, `who-can` and `workloads` have in common: the question, its facts and its answer."""
