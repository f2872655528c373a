"""The twelve: what courses do in their notebooks, each with a class of three who are right, wrong, and odd or blank."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from .build import Elsewhere, Student, answer, code, find, locked, manual, task, tests, text


def _database() -> bytes:
    """Return a small SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        db = sqlite3.connect(path)
        db.execute("create table sales (day text, item text, price real)")
        rows = [("2024-03-01", "tea", 2.5), ("2024-03-01", "cake", 4.0), ("2024-03-02", "tea", 2.5)]
        db.executemany("insert into sales values (?, ?, ?)", rows)
        db.commit()
        db.close()
        return path.read_bytes()


def _insert(place: int, cell: dict[str, Any]) -> Any:
    """Return a change that puts a cell of the student's own at a place."""
    return lambda node: node["cells"].insert(
        place, {**cell, "id": f"own-{place}"} if node["nbformat_minor"] >= 5 else cell
    )


RAIN = b"city,month,mm\nOslo,1,54\nOslo,2,41\nRome,1,67\nRome,2,\nCork,1,131\nCork,2,97\n"
PANDAS = Elsewhere(
    "rainfall",
    {
        "rainfall": (
            text("# Rain\nLoad the table, clean it, and say where it rains most."),
            locked("imports", "import pandas as pd\nimport numpy as np\npd.set_option('display.max_rows', 20)"),
            answer("load", "rain = pd.read_csv('data/rain.csv')", after="rain.head(3)"),
            code("rain.describe()"),
            code("rain.info()"),
            tests("load-test", 2, "assert rain.shape == (6, 3)\nassert list(rain.columns) == ['city', 'month', 'mm']"),
            answer("clean", "return frame.dropna().reset_index(drop=True)", before="def clean(frame):"),
            tests(
                "clean-test",
                3,
                "assert len(clean(rain)) == 5",
                hidden="pd.testing.assert_index_equal(clean(rain).index, pd.RangeIndex(5))",
            ),
            answer(
                "wettest", "wettest = clean(rain).groupby('city')['mm'].sum().sort_values(ascending=False)\nwettest"
            ),
            tests(
                "wettest-test", 2, "from pandas.testing import assert_series_equal\nassert wettest.index[0] == 'Cork'"
            ),
            code("wide = rain.pivot(index='city', columns='month', values='mm')\nwide.style\nwide.to_dict()"),
        )
    },
    {
        "right": Student(),
        "wrong": Student({"load": "rain = pd.read_csv('data/rain.csv', sep=';')\nrain.head(3)"}),
        "odd": Student(
            {"wettest": "wettest = clean(rain).groupby('city').mm.sum().sort_values()[::-1]\nprint(wettest)"},
            files={"data/rain.csv": "city,month,mm\n", "notes.txt": "mine"},
        ),
    },
    files={"data/rain.csv": RAIN},
    needs=("pandas",),
)

LAB = Elsewhere(
    "lab_two_parts",
    {
        "part1": (
            text("# Part 1\nThe helpers are given."),
            locked("part1-imports", "import json\nfrom helpers import area, SIDES\nimport shapes.square as sq"),
            answer("volume", "return area(side) * side", before="def volume(side):"),
            code("print([volume(side) for side in SIDES])"),
            tests(
                "volume-test",
                2,
                "assert volume(2) == 8, 'a cube of 2'\nassert sq.corners() == 4",
                hidden="assert volume(5) == 125",
            ),
            answer(
                "keep", "with open('volumes.json', 'w') as file:\n    json.dump([volume(side) for side in SIDES], file)"
            ),
        ),
        "part2": (
            text("# Part 2"),
            locked("part2-imports", "import json, os\nimport helpers"),
            answer("read", "with open('volumes.json') as file:\n    volumes = json.load(file)"),
            tests("read-test", 2, "assert volumes == [1, 8, 27]"),
            answer("largest", "largest = max(volumes)\nlargest"),
            tests("largest-test", 1, "assert largest == helpers.SIDES[-1] ** 3"),
            code("sorted(name for name in os.listdir('.') if not name.startswith('__'))"),
        ),
    },
    {
        "right": Student(),
        "wrong": Student({"volume": "def volume(side):\n    return area(side)", "largest": "largest = None"}),
        "odd": Student(
            without=("part1",),
            files={"helpers.py": "SIDES = [1]\ndef area(side):\n    return 0\n", "volumes.json": "[1, 8, 27]"},
        ),
    },
    files={
        "helpers.py": b"SIDES = [1, 2, 3]\n\n\ndef area(side):\n    return side * side\n",
        "shapes/__init__.py": b"",
        "shapes/square.py": b"def corners():\n    return 4\n",
    },
)

PARTIAL = Elsewhere(
    "partial_credit",
    {
        "partial_credit": (
            locked("given", "CASES = [(1, 1), (2, 4), (3, 9), (-4, 16)]", schema=2),
            answer("square", "return x ** 2", before="def square(x):", schema=2),
            tests(
                "square-share",
                4,
                """
                score = 0
                for x, expected in CASES:
                    try:
                        score += square(x) == expected
                    except Exception as error:
                        print(type(error).__name__)
                float(score)
                """,
                schema=2,
            ),
            tests("square-half", 3, "1.5 if square(7) == 49 else 0.5", schema=2),
            tests("square-none", 1, "checked = square(1)", schema=2),
            tests("square-zero", 0, "assert square(2) == 4", schema=2),
            tests("square-warns", 1, "import warnings\nwarnings.warn('old')\nassert square(2) == 4", schema=2),
            tests("square-int", 2, "2 if square(0) == 0 else 0", schema=2),
            tests("square-prints", 2, "print('a remark')\nassert square(1) == 1", schema=2),
            answer("rounded", "return round(x)", before="def rounded(x):", schema=2),
            tests("rounded-share", 5, "points = 5 * (rounded(2.6) == 3)\npoints", schema=2),
        )
    },
    {
        "right": Student(),
        "wrong": Student(
            {"square": "def square(x):\n    return x * 2", "rounded": "def rounded(x):\n    return int(x)"}
        ),
        "odd": Student(
            {"square": "def square(x):\n    return {1: 1, 2: 4}[x]"}, blank=True, timestamp="2030-01-31 17:00:00 UTC"
        ),
    },
)

ESSAYS = Elsewhere(
    "reading",
    {
        "reading": (
            text("# Reading\nAnswer in your own words."),
            locked("question", "## 1. Why did they measure twice?", kind="markdown"),
            manual("why", 4, "Because one value says nothing of its spread."),
            manual("free", 0, "Say what you like."),
            manual("program", 3, "values = [1, 2, 3]\nprint(sum(values) / len(values))", kind="code"),
            task(
                "draw",
                5,
                "Draw the set-up in the cells below.\n### BEGIN MARK SCHEME\nTwo scales.\n### END MARK SCHEME",
            ),
            text("(your drawing)"),
            code("ready = True"),
            tests("ready-test", 1, "assert ready"),
            task("reflect", 2, "What would you do differently?"),
        )
    },
    {
        "right": Student(),
        "wrong": Student({"why": "They did not.", "program": "values = []\nprint(sum(values) / len(values))"}),
        "blank": Student(blank=True, timestamp="2030-01-30 09:00:00.5 UTC"),
    },
)

MAGICS = Elsewhere(
    "magics",
    {
        "magics": (
            locked("setup", "%matplotlib inline\n%precision 3\nimport math, sys", schema=2),
            code("math.pi"),
            answer(
                "script",
                "def main():\n    print('from the script')\n\nmain()",
                before="%%writefile program.py",
                schema=2,
            ),
            code("%run program.py"),
            code("!echo from a shell\nlines = !echo one; echo two\nlines"),
            code("%%bash\necho from bash\nexit 0"),
            code("%%capture caught\nprint('kept back')"),
            tests(
                "script-test",
                2,
                "assert 'main' in open('program.py').read()\nassert caught.stdout == 'kept back\\n'",
                schema=2,
            ),
            answer(
                "child",
                """
                from subprocess import run
                out = run([sys.executable, 'program.py'], capture_output=True, text=True).stdout
                """,
                schema=2,
            ),
            tests("child-test", 3, "assert out.strip() == 'from the script'\nassert lines == ['one', 'two']", schema=2),
            code("%%html\n<b>bold</b>"),
            code("%%latex\n$x^2$"),
            code("x = 5\n%who_ls int\n%store x"),
            code("%env MY_OWN=3\n%cd -q .\n_ = %pwd\nlen(_) > 0"),
            code("%no_such_magic"),
        )
    },
    {
        "right": Student(),
        "wrong": Student({"script": "%%writefile program.py\nprint('nothing')", "child": "out = ''"}),
        "odd": Student({"child": "import subprocess\nout = subprocess.run(['no-such-program'], capture_output=True)"}),
    },
    settings="c.Gradekit.allow = ['processes']\n",
)

OLD = Elsewhere(
    "from_2016",
    {
        "Problem 1": (
            text("Written when notebooks had no ids."),
            locked("cell-a1b2", "import math", schema=1),
            answer("hypot", "return math.sqrt(a * a + b * b)", before="def hypot(a, b):", schema=1),
            tests("hypot-test", 1.5, "assert hypot(3, 4) == 5.0", schema=1),
            tests("hypot-more", 0.5, "assert hypot(0, 0) == 0", schema=1),
            manual("cell-0f9e", 2, "By Pythagoras.", schema=1),
        ),
        "Problem 2": (
            answer("echo", "return word * times", before="def echo(word, times=2):", schema=0),
            code("echo('no ')"),
            tests("echo-test", 1, "assert echo('a', 3) == 'aaa'", hidden="assert echo('') == ''", schema=0),
        ),
    },
    {
        "right": Student(),
        "wrong": Student(
            {"hypot": "def hypot(a, b):\n    return a + b", "echo": "def echo(word, times=2):\n    return"}
        ),
        "blank": Student(blank=True, changes={"Problem 1": _insert(1, code("1 / 0"))}),
    },
    minor=0,
)

PLOTS = Elsewhere(
    "plots",
    {
        "plots": (
            locked("plt", "import matplotlib.pyplot as plt\nimport numpy as np\nt = np.linspace(0, 1, 5)"),
            answer(
                "line",
                "fig, ax = plt.subplots()\nax.plot(t, t ** 2, label='square')\nax.set_title('Growth')\nax.legend()",
            ),
            tests(
                "line-test",
                3,
                """
                line, = ax.get_lines()
                np.testing.assert_allclose(line.get_ydata(), t ** 2)
                assert ax.get_title() == 'Growth'
                """,
                hidden="assert [label.get_text() for label in ax.get_legend().get_texts()] == ['square']",
            ),
            manual("own-plot", 4, "plt.bar(['a', 'b'], [1, 2])\nplt.show()", kind="code"),
            code("plt.hist([1, 1, 2]);"),
            code("plt.figure(figsize=(2, 2))"),
            code("fig"),
        )
    },
    {
        "right": Student(),
        "wrong": Student({"line": "fig, ax = plt.subplots()\nax.plot(t, t)\nax.set_title('Growth')"}),
        "blank": Student(blank=True),
    },
)

CLASSES = Elsewhere(
    "classes",
    {
        "classes": (
            text("# A stack"),
            locked("base", "class Empty(Exception):\n    pass"),
            answer(
                "stack",
                """
                class Stack:
                    def __init__(self):
                        self._items = []

                    def push(self, item):
                        self._items.append(item)
                        return self

                    def pop(self):
                        if not self._items:
                            raise Empty('nothing here')
                        return self._items.pop()

                    def __len__(self):
                        return len(self._items)

                    def __repr__(self):
                        return f'Stack of {len(self)}'
                """,
            ),
            code("Stack().push(1).push(2)"),
            tests(
                "stack-test",
                4,
                """
                stack = Stack()
                stack.push(1).push(2)
                assert len(stack) == 2 and stack.pop() == 2
                try:
                    Stack().pop()
                except Empty as error:
                    print('raised:', error)
                else:
                    raise AssertionError('an empty stack gave something')
                """,
            ),
            answer("count", "if n == 0:\n    return 0\nreturn 1 + count(n - 1)", before="def count(n):"),
            tests("count-test", 2, "assert count(20) == 20", hidden="assert count(0) == 0"),
            code("import warnings\nwarnings.warn('careful')\nprint('after')"),
            answer("table", "return {n: n * n for n in range(top)}", before="def table(top):"),
            tests(
                "table-test",
                1,
                "from collections import Counter\nassert Counter(table(3)) == Counter({0: 0, 1: 1, 2: 4})",
            ),
        )
    },
    {
        "right": Student(),
        "wrong": Student(
            {"count": "def count(n):\n    return 1 + count(n - 1)", "table": "def table(top:\n    return 1"}
        ),
        "odd": Student(
            {
                "stack": "class Stack(list):\n    push = list.append",
                "count": "def count(n):\n    while n:\n        pass",
            },
            changes={"classes": _insert(2, code("undefined_name"))},
        ),
    },
    settings="c.Execute.timeout = 10\n",  # a traceback of a thousand calls takes seconds, too
)

WORDS = Elsewhere(
    "words",
    {
        "words": (
            locked("read", "import re, json, csv, collections\nbook = open('texts/book.txt', encoding='utf-8').read()"),
            answer("tokens", "return re.findall(r'\\w+', text.lower())", before="def tokens(text):"),
            code("print(tokens(book)[:4])\ntokens('Ça va? Þetta er gott.')"),
            tests(
                "tokens-test",
                2,
                "assert tokens('A b, a!') == ['a', 'b', 'a']",
                hidden="assert tokens('Été') == ['été']",
            ),
            answer("common", "return collections.Counter(tokens(text)).most_common(1)[0]", before="def common(text):"),
            tests("common-test", 2, "assert common(book) == ('the', 3)"),
            answer(
                "rows",
                "with open('texts/people.csv', newline='') as file:\n    people = list(csv.DictReader(file))\npeople",
            ),
            tests("rows-test", 1, "assert people[1]['name'] == 'Zoë'"),
            code("print('\\N{SNOWMAN} \\x1b[31mred\\x1b[0m')\nprint('x' * 30, end='')\nprint()\nprint('a\\rb')"),
            code("import sys\nprint('to stderr', file=sys.stderr)\nprint('to stdout')\nsys.stdout.write('direct\\n')"),
        )
    },
    {
        "right": Student(),
        "wrong": Student(
            {"tokens": "def tokens(text):\n    return text.split()", "rows": "people = open('texts/none.csv')"}
        ),
        "odd": Student(
            changes={
                "words": lambda node: (
                    find(node, "tokens-test").update(source="pass"),
                    find(node, "read").update(source="book = 'the the the'"),
                    node["metadata"]["kernelspec"].update(name="my-env", display_name="My env"),
                )
            }
        ),
    },
    files={
        "texts/book.txt": "The sea, the sky, the “end”.\n".encode(),
        "texts/people.csv": "name,year\nAnn,1\nZoë,2\n".encode(),
    },
)

SHOP = Elsewhere(
    "shop",
    {
        "shop": (
            locked("connect", "import sqlite3, datetime\ndb = sqlite3.connect('shop.db')"),
            answer(
                "total",
                "return db.execute('select sum(price) from sales where item = ?', (item,)).fetchone()[0]",
                before="def total(item):",
            ),
            code("total('tea'), total('cake')"),
            tests("total-test", 2, "assert total('tea') == 5.0\nassert total('milk') is None"),
            answer("add", "db.execute('insert into sales values (?, ?, ?)', ('2024-03-03', 'milk', 1.0))\ndb.commit()"),
            tests(
                "add-test",
                2,
                "assert total('milk') == 1.0",
                hidden="assert len(list(db.execute('select * from sales'))) == 4",
            ),
            answer("weekday", "return datetime.date.fromisoformat(day).strftime('%A')", before="def weekday(day):"),
            tests("weekday-test", 1, "assert weekday('2024-03-01') == 'Friday'"),
            code("for row in db.execute('select * from sales order by day, item'):\n    print(row)"),
        )
    },
    {
        "right": Student(timestamp="2030-01-31 09:00:00 UTC"),
        "wrong": Student(
            {"total": "def total(item):\n    return 0", "add": "db.execute('insert into nothing values (1)')"}
        ),
        "blank": Student(blank=True),
    },
    files={"shop.db": _database()},
)

LINEAR = Elsewhere(
    "linear",
    {
        "linear": (
            locked(
                "numpy",
                "import numpy as np\nnp.set_printoptions(precision=3, suppress=True)\nrng = np.random.default_rng(0)",
            ),
            answer("solve", "return np.linalg.solve(a, b)", before="def solve(a, b):"),
            code("a = rng.normal(size=(3, 3))\nb = a @ np.ones(3)\nsolve(a, b)"),
            tests("solve-test", 3, "np.testing.assert_allclose(solve(a, b), np.ones(3))"),
            answer("norm", "return np.sqrt((x ** 2).sum())", before="def norm(x):"),
            tests(
                "norm-share",
                4,
                "float(np.mean([np.isclose(norm(np.full(n, 2.0)), 2 * n ** 0.5) for n in (1, 4, 9)]) * 4)",
            ),
            tests("norm-numpy", 2, "np.float64(2.0 if norm(np.array([3.0, 4.0])) == 5 else 1.0)"),
            answer("roots", "found = np.roots([1, 0, 1])"),
            tests("roots-test", 1, "assert np.iscomplexobj(found) and np.allclose(np.abs(found), 1)"),
            code("np.array([1.0]) / 0"),
            code("np.arange(2000)"),
            code("np.float64(0.5), np.array([[1, 2], [3, 4]])"),
        )
    },
    {
        "right": Student(),
        "wrong": Student(
            {"solve": "def solve(a, b):\n    return b", "norm": "def norm(x):\n    return np.abs(x).sum()"}
        ),
        "odd": Student(
            {"roots": "found = 1j"}, changes={"linear": lambda node: node["cells"].append(node["cells"].pop(2))}
        ),
    },
)

SHOWN = Elsewhere(
    "shown",
    {
        "shown": (
            locked(
                "display", "from IPython.display import HTML, Markdown, clear_output, display\nimport asyncio, time"
            ),
            answer(
                "card",
                """
                class Card:
                    def __init__(self, name):
                        self.name = name

                    def _repr_html_(self):
                        return f'<b>{self.name}</b>'

                    def __repr__(self):
                        return f'Card({self.name})'
                """,
            ),
            code("_, __, ___"),
            code("len?"),
            code("from IPython.display import JSON, Javascript\ndisplay(JSON({'a': 1}), Javascript('1'))"),
            code("Card('ace')"),
            code("display(Card('two'), HTML('<i>i</i>'))\ndisplay(Markdown('*m*'))"),
            tests("card-test", 2, "assert Card('x')._repr_html_() == '<b>x</b>'"),
            answer("wait", "await asyncio.sleep(0)\nreturn 'done'", before="async def wait():"),
            code("await wait()"),
            tests("wait-test", 2, "found = await wait()\nassert found == 'done'"),
            code("for number in range(3):\n    clear_output(wait=True)\n    print(number)"),
            code("print('before')\nclear_output()\nprint('behind')"),
            code("shown = display('first', display_id='one')\nshown.update('second')"),
            code("raise SystemExit(0)"),
            code("try:\n    input('Your name: ')\nexcept Exception as error:\n    print(type(error).__name__)"),
            code("def deep():\n    raise ValueError('from below') from KeyError('k')\ndeep()"),
            answer("last", "last = _"),
            tests("last-test", 1, "assert last is not None"),
            code("1;\nNone"),
            code("{'b': 1, 'a': [1, 2, (3,)]}"),
        )
    },
    {
        "right": Student(),
        "wrong": Student(
            {
                "card": "class Card:\n    def __init__(self, name):\n        pass",
                "wait": "def wait():\n    return 'done'",
            }
        ),
        "blank": Student(blank=True),
    },
)

TWELVE = (PANDAS, LAB, PARTIAL, ESSAYS, MAGICS, OLD, PLOTS, CLASSES, WORDS, SHOP, LINEAR, SHOWN)
