"""Print the slowest files and tests of a pytest run; arguments: its report, and a count."""

import collections
import sys
import xml.etree.ElementTree as ET

path, count = sys.argv[1], int(sys.argv[2])
files: collections.Counter[str] = collections.Counter()
tests: collections.Counter[str] = collections.Counter()
for case in ET.parse(path).iter("testcase"):  # noqa: S314 - pytest has just written it
    seconds = float(case.get("time", 0))
    files[case.get("classname", "")] += seconds  # type: ignore[assignment] # seconds are counted
    tests[f"{case.get('classname')}: {case.get('name')}"] += seconds  # type: ignore[assignment] # as above
for name, counted in {"files": files, "tests": tests}.items():
    print(f"Of {len(counted)} {name}, which took {counted.total():.0f} s, the slowest:")
    for what, seconds in counted.most_common(count):
        print(f"{seconds:7.1f} s  {what}")
