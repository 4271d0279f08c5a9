"""botocore's files read without its code: the same content as by its own loader."""

import pytest
from botocore.loaders import Loader

from sekisho.wire.botocore_data import read_data, read_model, services

LOADER = Loader(include_default_search_paths=False, extra_search_paths=[Loader.BUILTIN_DATA_PATH])


def test_the_services_are_those_that_botocore_lists() -> None:
    assert services() == frozenset(LOADER.list_available_services("service-2"))


@pytest.mark.parametrize("service", ["cloudfront", "cognito-idp", "eks", "iam", "s3", "sts"])
def test_a_model_is_the_newest_with_the_extras_of_the_sdk(service: str) -> None:
    assert read_model(service, "service-2") == LOADER.load_service_model(service, "service-2")


def test_partitions() -> None:
    assert read_data("partitions") == LOADER.load_data("partitions")


@pytest.mark.parametrize("service", ["moon", "", "..", "../data/sts"])
def test_an_unknown_service_is_a_lookup_error(service: str) -> None:
    with pytest.raises(LookupError, match="botocore has no"):
        read_model(service, "service-2")
