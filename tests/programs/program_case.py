"""Real programs and what they shall do: the folder CRUMB_PROGRAMS, made by `build`, has them and the cache of their compiled code."""

import dataclasses
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = pathlib.Path(os.environ.get("CRUMB_PROGRAMS", HERE.parents[1] / "build/programs")).resolve()
os.environ["CRUMB_CODE_CACHE"] = str(PROGRAMS / "cache")
sys.path.insert(0, str(HERE.parent / "callers"))  # podman's, which puts this program into namespaces of its own

MEMORY = {"run.crumb.wasm.memory": "512m"}  # annotations of each run

LUA = """
local words = {}
for word in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[word] = (words[word] or 0) + 1 end
local sorted = {}
for word, count in pairs(words) do sorted[#sorted + 1] = count .. " " .. word end
table.sort(sorted)
print(table.concat(sorted, ", "))
local file = assert(io.open("file", "w"))
file:write(("x"):rep(100000)) file:close()
file = io.open("file") file:seek("set", 99990) print(#file:read("a")) file:close()
assert(os.rename("file", "moved")) assert(os.remove("moved")) print(io.open("moved"))
print(string.format("%.3f %5d %q", math.pi, 42, "a b"), 7 // 2, 2^53, 1 << 40)
print(os.getenv("COLOUR"), os.time() > 1700000000)
error("the end")
"""
JAVASCRIPT = """
class Point { constructor(x, y) { this.x = x; this.y = y } get length() { return Math.hypot(this.x, this.y) } }
function* squares() { for (let i = 1; i < 4; ++i) yield i * i }
console.log(JSON.stringify({ length: new Point(3, 4).length, squares: [...squares()], big: String(2n ** 70n) }));
console.log("the quick fox".replace(/(\\w+) (\\w+)/, "$2 $1"), typeof Proxy);
Promise.resolve(1).then((value) => console.log("later", value));
try { null.x } catch (error) { console.log(error instanceof TypeError) }
"""
CREATE = "create table words(word text primary key, count integer); insert into words values('one', 1), ('two', 2), ('three', 3)"


@dataclasses.dataclass
class Run:
    """One run of a program: what it is given, and what it must answer."""

    program: str
    args: tuple
    out: str = None  # all of stdout; None: not looked at
    err: str = ""  # what stderr holds
    code: int = 0
    files: dict = dataclasses.field(default_factory=dict)  # name: text, in the working directory
    level: str = "0"  # of compiled code: the quick one, as compiling is what takes long

    @property
    def path(self):
        path = PROGRAMS / f"{self.program}.wasm"
        if not path.exists():
            reason = PROGRAMS / f"{self.program}.missing"
            raise unittest.SkipTest(reason.read_text().strip() if reason.exists() else f"{path} was not built")
        return path


PYTHON = Run("python", ("check.py",), out="wasi\n", err="\nOK\n", files={"check.py": (HERE / "check.py").read_text()})
QUICKJS = Run("quickjs", ("script.js",), files={"script.js": JAVASCRIPT},
              out='{"length":5,"squares":[1,4,9],"big":"1180591620717411303424"}\nquick the fox function\ntrue\nlater 1\n')
GO = Run("go", ("numbers", "3"), out="[1,4,9] green\nnumbers false\nnumbers.squares false\ntrue true\n", code=3,
         files={"numbers": "[3, 1, 2]"})
SQLITE = Run("sqlite", ("database", CREATE, "select count(*), max(word) from words",
                        "begin; delete from words; rollback; select sum(count) from words",
                        "with recursive n(x) as (select 1 union all select x + 1 from n where x < 1000) select sum(x) from n",
                        "create virtual table texts using fts5(text); insert into texts values('the quick fox'), ('a lazy dog')",
                        "select text from texts where texts match 'fox'"),
             out="3|two\n6\n500500\nthe quick fox\n")
LUA_RUN = Run("lua", ("script.lua",), code=1, err="script.lua:14: the end\n", files={"script.lua": LUA}, level="3",
              out="1 brown, 1 dog, 1 fox, 1 jumps, 1 lazy, 1 over, 1 quick, 2 the\n10\nnil\tmoved: No such file or directory\t44\n"
                  '3.142    42 "a b"\t3\t9.007199254741e+15\t1099511627776\ngreen\ttrue\n')
