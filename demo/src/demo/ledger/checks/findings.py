"""What a check has to say."""

from dataclasses import dataclass, field

from demo.report.story import Check, Label


@dataclass(slots=True)
class Findings:
    """What one invariant compared, and every difference it found."""

    compared: list[Label] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def count(self, ko: str, en: str) -> None:
        self.compared.append(Label(ko, en))

    def differ(self, *differences: str) -> None:
        self.differences.extend(differences)

    def check(self, number: int, ko: str, en: str) -> Check:
        return Check(number, Label(ko, en), tuple(self.compared), tuple(self.differences))
