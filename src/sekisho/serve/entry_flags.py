"""Which access entries a checkpoint is told to use."""

from dataclasses import dataclass
from pathlib import Path

from sekisho.decide.values import Ref, SekishoInputError
from sekisho.serve.eks_entries import eks_reader
from sekisho.serve.entry_sources import REFRESH_SECONDS, EksEntries, EntryFiles, EntrySource


@dataclass(frozen=True, slots=True)
class EntryFlags:
    """Where access entries come from: files, or a cluster of EKS."""

    files: tuple[Path, ...] = ()
    eks_cluster: str = ""
    region: str = ""
    profile: str = ""
    refresh_seconds: float = REFRESH_SECONDS


def entry_source(flags: EntryFlags) -> EntrySource:
    """Return the source that the flags name.

    Raises:
        SekishoInputError: none or both kinds are named, or a file cannot be used.
    """
    if bool(flags.files) == bool(flags.eks_cluster):
        raise SekishoInputError.single(
            "entries.source", Ref("--access-entries"), "expected either files or --eks-cluster"
        )
    if flags.files:
        return EntryFiles(flags.files)
    return EksEntries(eks_reader(flags.eks_cluster, flags.region, flags.profile), flags.refresh_seconds)
