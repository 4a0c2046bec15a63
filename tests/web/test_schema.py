"""Whatever its interface allows to be sent, the page answers in words and never breaks."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error, response_schema_conformance

from deepthink.curation.facelist import Facelist
from tests.web.conftest import LOCAL

EXAMPLES = 25  # for each operation
CHECKS = [not_a_server_error, response_schema_conformance]
OPERATIONS = [
    "GET /", "GET /card", "GET /people", "GET /history", "GET /history.jsonl", "GET /api/faces/{number}",
    "GET /api/faces/{number}/alike", "GET /api/frames/{number}", "GET /faces/{number}/{size}.jpg",
    "GET /frames/{number}/{place}.jpg", "POST /api/act", "POST /api/merge", "POST /api/undo", "POST /api/redo",
    "GET /api/names", "GET /api/map", "GET /status", "GET /status/parts", "GET /status/versions/{version}/{kind}",
    "GET /status/faces/{digest}.jpg", "POST /api/status/train", "POST /api/status/look",
]  # fmt: skip


def test_every_operation_is_tried(served):
    paths = served.app.openapi()["paths"]
    assert sorted(f"{verb.upper()} {path}" for path, verbs in paths.items() for verb in verbs) == sorted(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_that_can_be_sent_breaks_it(client, served, operation):
    verb, path = operation.split(" ")
    headers = {"Origin": LOCAL, "Host": "127.0.0.1:8010", "X-CSRF-Token": client.headers["X-CSRF-Token"]}
    schema = schemathesis.openapi.from_asgi("/openapi.json", served.app, headers=headers)
    rows, answers = len(served.desk.board.rows), []

    @given(case=schema[path][verb].as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def asked(case):
        answer = case.call(headers=headers)
        answers.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    asked()
    assert len(answers) >= (2 if {"parameters", "requestBody"} & schema[path][verb].definition.raw.keys() else 1)
    assert not set(answers) & {401, 403, 421}  # it came to the page itself
    assert len(Facelist(served.site.facelist)) == rows
