"""Which objects a list, a watch or a deletion of many selects."""

from sekisho.decide.values import JsonObject
from sekisho.lab.kube.exchange import Exchange
from sekisho.wire.kube import selectors
from sekisho.wire.kube.registry import Resource


def selected(exchange: Exchange, resource: Resource) -> "Selected":
    """Return the selectors of a request.

    Raises:
        KubeError: 400, one is none.
    """
    labels = selectors.parse_labels(exchange.query.get("labelSelector", ""))
    fields = selectors.parse_fields(exchange.query.get("fieldSelector", ""), resource.group, resource.kind)
    return Selected(labels, fields)


class Selected:
    """Both selectors of a request as one test."""

    def __init__(self, labels: selectors.LabelSelector, fields: selectors.FieldSelector) -> None:
        self._labels = labels
        self._fields = fields

    def __call__(self, body: JsonObject) -> bool:
        """Tell whether an object is selected."""
        return self._labels.matches(body) and self._fields.matches(body)
