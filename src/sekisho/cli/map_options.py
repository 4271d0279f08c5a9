"""The options that the commands of ``sekisho map`` share."""

from pathlib import Path
from typing import Annotated

import typer

ClusterOption = Annotated[str | None, typer.Option("--cluster", "--name", help="Name of the cluster.")]
FileOption = Annotated[
    Path | None, typer.Option("--file", "-f", help="Manifest of aws-auth to use, instead of a cluster.")
]
RegionOption = Annotated[str | None, typer.Option("--region", help="AWS region.")]
ProfileOption = Annotated[str | None, typer.Option("--profile", help="Profile of the AWS configuration.")]
