"""``sekisho serve``: one command per checkpoint."""

from sekisho.cli.group import command_group
from sekisho.cli.serve.authenticator import authenticator
from sekisho.cli.serve.authorizer import authorizer
from sekisho.cli.serve.issuer import issuer
from sekisho.cli.serve.pod_identity_webhook import GoFlags, pod_identity_webhook

app = command_group("serve", "Put a single checkpoint in front of a real cluster.")
app.command()(authenticator)
app.command()(authorizer)
app.command()(issuer)
app.command("pod-identity-webhook", cls=GoFlags)(pod_identity_webhook)
