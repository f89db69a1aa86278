"""Mutants of a function: copies of its syntax tree, each with one small fault.

A check is as good as the faults that it notices. The faults here are those that hands make: another
operator, a constant one off, a comparison turned or made strict, a sign, a step or a keyword left out, a
sum for a mean.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
TWINS = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "maximum": "minimum",
    "minimum": "maximum",
    "argmax": "argmin",
    "argmin": "argmax",
    "floor": "ceil",
    "ceil": "floor",
    "zeros": "ones",
    "zeros_like": "ones_like",
    "ones": "zeros",
    "sin": "cos",
    "cos": "sin",
    "any": "all",
    "all": "any",
}


@dataclass(frozen=True)
class Mutant:
    """One faulty copy: the lines that differ, as `before → after`, and its code."""

    name: str
    code: str


def mutants(source: str) -> list[Mutant]:
    """List the mutants of the function that `source` defines, each once."""
    tree = ast.parse(source)
    ast.fix_missing_locations(tree)
    original, found = ast.unparse(tree), []
    seen = {original}
    nodes = list(ast.walk(tree.body[0]))
    documentation = _documentation(tree.body[0])
    bound_before = _rebound(tree.body[0])
    for place, node in enumerate(nodes):
        if node in documentation:
            continue
        for change in _changes(node, bound_before):
            faulty = copy.deepcopy(tree)
            twin = list(ast.walk(faulty.body[0]))[place]
            replacement = change(twin)
            if replacement is not twin:
                _put(faulty.body[0], twin, replacement)
            ast.fix_missing_locations(faulty)
            code = ast.unparse(faulty)
            if code not in seen:
                seen.add(code)
                found.append(Mutant(_difference(original, code), code))
    return found


def _changes(node: ast.AST, rebound: set[int]) -> Iterator:
    """Give functions that make one fault each in a copy of `node` and return what stands in its place."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in OPERATORS:
        yield _set("op", OPERATORS[type(node.op)])
    if isinstance(node, ast.BinOp) and isinstance(
        node.op, (ast.MatMult, ast.Add, ast.Sub, ast.Mult, ast.Div)
    ):
        yield lambda twin: twin.left
    if isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield _operator(other)
    if isinstance(node, ast.BoolOp):
        yield _set("op", ast.Or if isinstance(node.op, ast.And) else ast.And)
    if isinstance(node, ast.UnaryOp):
        yield lambda twin: twin.operand
    if isinstance(node, ast.Constant):
        for value in _constants(node.value):
            yield _value(value)
    if isinstance(node, ast.Attribute) and node.attr in TWINS and isinstance(node.ctx, ast.Load):
        yield _name("attr", TWINS[node.attr])
    if isinstance(node, ast.Name) and node.id in ("sum", "min", "max", "any", "all") and node.id != "sum":
        yield _name("id", TWINS[node.id])
    if isinstance(node, ast.Call):
        if len(node.args) == 1 and not isinstance(node.args[0], (ast.GeneratorExp, ast.Starred)):
            yield lambda twin: twin.args[0]
        for number in range(len(node.keywords)):
            yield _without("keywords", number)
    if isinstance(node, ast.IfExp):
        yield lambda twin: twin.body
        yield lambda twin: twin.orelse
    if isinstance(node, ast.If):
        yield _negated
    if isinstance(node, ast.Slice):
        for part in ("lower", "upper", "step"):
            if getattr(node, part) is not None:
                yield _set(part, lambda: None)
    steps = isinstance(node, (ast.AugAssign, ast.If, ast.For, ast.While, ast.Expr)) or id(node) in rebound
    if steps:
        yield lambda twin: ast.Pass()


def _set(name, make):
    def change(twin):
        setattr(twin, name, make())
        return twin

    return change


def _name(field, text):
    return _set(field, lambda: text)


def _value(value):
    return lambda twin: ast.Constant(value)


def _operator(other):
    def change(twin):
        twin.ops[0] = other()
        return twin

    return change


def _without(field, number):
    def change(twin):
        del getattr(twin, field)[number]
        return twin

    return change


def _negated(twin):
    twin.test = ast.UnaryOp(ast.Not(), twin.test)
    return twin


def _constants(value: object) -> tuple:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    if isinstance(value, float):
        return (2 * value, value / 2) if value else (1.0,)
    return ()


def _documentation(function: ast.FunctionDef) -> set[ast.AST]:
    first = function.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return {first, first.value} if is_text else set()


def _rebound(function: ast.FunctionDef) -> set[int]:
    """Give the assignments that can be left out: to items of what is known, and to known names."""
    known = {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
    found = set()
    statements = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
    for node in sorted(statements, key=lambda statement: statement.lineno):
        names = {
            part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)
        }
        if names <= known:
            found.add(id(node))
        known |= names
    return found


def _put(root: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(root):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return
            if isinstance(value, list):
                for number, item in enumerate(value):
                    if item is old:
                        value[number] = new
                        return


def _difference(before: str, after: str) -> str:
    """Show the lines that differ."""
    old, new = before.splitlines(), after.splitlines()
    start = next(number for number, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1])
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    cut = [" ".join(" ".join(lines[start : len(lines) - end]).split()) for lines in (old, new)]
    return f"{cut[0]} → {cut[1] or 'left out'}"
