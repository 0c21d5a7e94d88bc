# Made of asynchronous/usage.py by `python orchestrator/client/twin.py`: edit that one.
"""`client.usage`: what was used, for operators."""

from __future__ import annotations

from orchestrator.client.blocking.connections import Connection
from orchestrator.client.usage import UsageQuery, UsageReport, usage_call


class UsageAdmin:
    """Asks a service what was used; every method raises `OrchestratorError`s."""

    def __init__(self, to: Connection) -> None:
        self._to = to

    def report(self, query: UsageQuery | None = None) -> UsageReport:
        """Sums by groups: by key of the last 30 days by default.

        Example:
            ```python
            from orchestrator.client import UsageQuery

            report = client.usage.report(UsageQuery(by=["tag", "expert"]))
            for row in report.data:
                print(row.group, row.requests, row.cost_usd)
            ```
        """
        return self._to.ask(UsageReport, usage_call(query))

    def sheet(self, query: UsageQuery | None = None) -> str:
        """The same as CSV, whose cells no spreadsheet takes for formulas.

        Example:
            ```python
            sheet = client.usage.sheet()
            print(sheet.splitlines()[0])
            ```
        """
        return self._to.complete(usage_call(query, is_sheet=True)).content.decode()
