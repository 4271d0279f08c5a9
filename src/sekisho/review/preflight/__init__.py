"""May these manifests be applied, and what would they newly allow to whom."""
