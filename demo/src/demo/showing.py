"""What the terminal shows while the year is played and when it is over."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo.report.story import Story
from embedded.run import Run


def progress(console: Console) -> Progress:
    """Bars that stay."""
    return Progress(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        refresh_per_second=4,
    )


def summary(console: Console, story: Story, report: Path) -> None:
    """The year in a few lines, and where the report is."""
    table = Table(
        title=f"{story.year}년 모의 사업 · a simulated year", title_justify="left", show_header=False
    )
    table.add_column(style="bold")
    table.add_column(justify="right")
    for stage in story.funnel:
        last = stage is story.funnel[-1]
        table.add_row(f"{stage.label.ko} · {stage.label.en}", f"{stage.count:,}", end_section=last)
    placed = story.placements
    table.add_row("취업맞춤반 학생 · students in classes", f"{placed.students:,}")
    table.add_row("취업 · placements", f"{placed.placed:,}")
    for checks in story.followed.retention:
        label = f"{checks.months}개월 유지취업 · lasting {checks.months} months"
        table.add_row(label, f"{checks.retained:,} / {checks.checked:,}")
    coming = story.followed.next_year
    label = f"{coming.year}년 계속지원 확정 · confirmed for {coming.year}"
    table.add_row(label, f"{coming.confirmed} / {coming.applied}")
    table.add_row("알림 도달 · messages delivered", f"{story.delivered:,}")
    table.add_row("명령 / 이벤트 · commands / events", f"{story.intents:,} / {story.events:,}")
    console.print(table)
    console.print("장부 확인 · ledger")
    for check in story.checks:
        sign = "[green]일치 holds  [/green]" if check.holds else "[red]차이 differs[/red]"
        console.print(f"  {sign} {check.number}. {check.label.en}", soft_wrap=True)
        for difference in check.differences[:5]:
            console.print(f"     {difference}", style="red", markup=False, soft_wrap=True)
        if len(check.differences) > 5:  # noqa: PLR2004 - the report has more of them
            console.print(f"     … and {len(check.differences) - 5} more")
    console.print(f"{story.seconds:.0f} s. 보고서 · report: {report}", highlight=False)


def addresses(console: Console, run: Run, tokens: dict[str, str]) -> None:
    """Where to look around, and as whom."""
    console.print("\nThe stack stays up; Ctrl-C stops it. Everything in it is simulated.")
    for service, url in run.services.items():
        console.print(f"  {service:14} {url}/docs", highlight=False)
    for who, token in tokens.items():
        console.print(f"\n  {who}:\n{token}", highlight=False, soft_wrap=True)
    console.print(
        f"\n  More tokens: .venv/bin/embedded token --folder {run.folder} --sub somebody --role officer",
        highlight=False,
        soft_wrap=True,
    )
