"""`rapport completion`: print a completion script, and answer its questions.

A script calls the program being completed with `_RAPPORT_COMPLETE=1` and the words up to the cursor as
arguments, and reads one candidate a line. Typer's own completion would import every command at each Tab.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import EnumType, StrEnum
from typing import Annotated

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from api_stub.cli.formatting import print_text

_BASH = r"""
_rapport_complete() {
    local IFS=$'\n' program=${1/#\~/$HOME}
    [[ $1 == rapport || -f ${program%/*}/api_stub/cli/main.py ]] || return
    COMPREPLY=($(_RAPPORT_COMPLETE=1 "$program" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _rapport_complete rapport run
"""
_ZSH = r"""
#compdef rapport run
_rapport_complete() {
    local program=${words[1]/#\~/$HOME}
    local -a found
    if [[ $program == rapport || -f ${program%/*}/api_stub/cli/main.py ]]; then
        found=(${(f)"$(_RAPPORT_COMPLETE=1 $program "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    fi
    if (( $#found )); then compadd -- $found; else _files; fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit; compinit }
compdef _rapport_complete rapport run
"""
_FISH = r"""
function __rapport_found
    set -l typed (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $typed[1])
    set -g __rapport_candidates
    if test "$program" = rapport; or test -f (string replace -r '/[^/]*$' '' -- $program)/api_stub/cli/main.py
        set __rapport_candidates (env _RAPPORT_COMPLETE=1 $program $typed[2..-1] "$current" 2>/dev/null)
    end
    test (count $__rapport_candidates) -gt 0
end
for program in rapport run
    complete --command $program --no-files --condition __rapport_found --arguments '$__rapport_candidates'
end
"""


Node = TyperCommand | TyperGroup


class Shell(StrEnum):
    """A shell that completes."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


_SCRIPTS = {Shell.BASH: _BASH, Shell.ZSH: _ZSH, Shell.FISH: _FISH}


def completion(shell: Annotated[Shell, typer.Argument(help="Your shell.")]) -> None:
    """Print a script that completes commands and options of `rapport` and `./run` on Tab.

    Load it when your shell starts.

    bash, in ~/.bashrc: eval "$(rapport completion bash)"

    zsh, in ~/.zshrc: eval "$(rapport completion zsh)"

    fish, once: rapport completion fish > ~/.config/fish/completions/rapport.fish, and the same as run.fish
    """
    print_text(_SCRIPTS[shell].strip())


def answer(words: Sequence[str], commands: Iterable[str], load: Callable[[str], TyperGroup]) -> None:
    """Print the candidates for the last of `words`, one a line. `load` returns a command with its group."""
    sys.stdout.writelines(f"{candidate}\n" for candidate in find_candidates(words, list(commands), load))


def find_candidates(
    words: Sequence[str], commands: Collection[str], load: Callable[[str], TyperGroup]
) -> list[str]:
    """Return the candidates for the last of `words`. None means: files."""
    *before, current = words or [""]
    if not before:
        found = [*commands, "--help", "--version"] if current.startswith("-") else list(commands)
    elif before[0] not in commands:
        found = []
    else:
        node: Node = load(before[0])
        for word in before:
            node = _list_commands(node).get(word, node)
        found = _list_candidates(node, before[-1], current)
    return [candidate for candidate in found if candidate.startswith(current)]


def _list_commands(node: Node) -> Mapping[str, Node]:
    commands = node.commands.items() if isinstance(node, TyperGroup) else ()
    return {name: each for name, each in commands if isinstance(each, Node)}


def _list_candidates(node: Node, previous: str, current: str) -> list[str]:
    options = [param for param in node.params if isinstance(param, TyperOption) and not param.hidden]
    for option in options:
        if previous in option.opts and not option.is_flag:
            return _list_choices(option)
    if current.startswith("-"):
        names = [name for option in options for name in (*option.opts, *option.secondary_opts)]
        return [*names, "--help"]
    if commands := _list_commands(node):
        return list(commands)
    arguments = [param for param in node.params if isinstance(param, TyperArgument)]
    return [choice for argument in arguments for choice in _list_choices(argument)]


def _list_choices(param: TyperOption | TyperArgument) -> list[str]:
    kind = param.type_descriptor.annotation
    if not isinstance(kind, EnumType):
        return []
    members: Iterable[object] = kind.__members__.values()
    return [str(member) for member in members]
