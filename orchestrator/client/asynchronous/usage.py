"""`client.usage`: what was used, for operators."""

from __future__ import annotations

from orchestrator.client.asynchronous.connections import AsyncConnection
from orchestrator.client.usage import UsageQuery, UsageReport, usage_call


class AsyncUsageAdmin:
    """Asks a service what was used; every method raises `OrchestratorError`s."""

    def __init__(self, to: AsyncConnection) -> None:
        self._to = to

    async def report(self, query: UsageQuery | None = None) -> UsageReport:
        """Sums by groups: by key of the last 30 days by default.

        Example:
            ```python
            from orchestrator.client import UsageQuery

            report = await client.usage.report(UsageQuery(by=["tag", "expert"]))
            for row in report.data:
                print(row.group, row.requests, row.cost_usd)
            ```
        """
        return await self._to.ask(UsageReport, usage_call(query))

    async def sheet(self, query: UsageQuery | None = None) -> str:
        """The same as CSV, whose cells no spreadsheet takes for formulas.

        Example:
            ```python
            sheet = await client.usage.sheet()
            print(sheet.splitlines()[0])
            ```
        """
        return (await self._to.complete(usage_call(query, is_sheet=True))).content.decode()
