"""The one room for CEL: Kubernetes' expressions, compiled and evaluated by CEL's own library."""
