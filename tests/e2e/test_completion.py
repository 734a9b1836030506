# SPDX-License-Identifier: GPL-2.0-only
"""sluicectl completion: what each shell then offers, asked of the shell itself."""
import os
import subprocess

import pytest

from conftest import SLUICED
from door import HANG

CTL = os.path.join(os.path.dirname(SLUICED), "sluicectl")
BASH = """. <("$1" completion bash); shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluicectl; printf '%s\\n' "${COMPREPLY[@]}" """
# _describe is what would show the words: here it says which of them begin as the last one typed
ZSH = """compdef() { }; eval "$("$1" completion zsh)"; shift
_describe() { for w in "${(@P)2}"; do [[ ${w%%:*} == $words[CURRENT]* ]] && print -r -- ${w%%:*}; done }
_files() { print -rl -- $words[CURRENT]*(N) }
words=("$@"); CURRENT=$#; _sluicectl"""
FISH = """$argv[1] completion fish | source; complete -C (string join -- ' ' $argv[2..-1]) | string replace -r '\\t.*' ''"""


def offered(shell, words, cwd):
    script = {"bash": [BASH, "-"], "zsh": [ZSH, "-"], "fish": [FISH]}[shell]
    start = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "--no-config"]}[shell]
    done = subprocess.run([*start, "-c", *script, CTL, "sluicectl", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          cwd=cwd, env={**os.environ, "HOME": str(cwd), "TERM": "dumb"}, timeout=HANG, check=False)
    assert done.stderr == b"", done.stderr
    return {w.strip() for w in done.stdout.decode().splitlines() if w.strip()}


def commands():
    text = subprocess.run([CTL, "--help"], stdout=subprocess.PIPE, timeout=HANG, check=True).stdout.decode()
    return {line.split()[0] for line in text.split("\n\n")[1].splitlines()}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_offers_what_there_is(shell, tmp_path):
    (tmp_path / "api.sock").touch()
    assert commands() <= offered(shell, [""], tmp_path)
    assert offered(shell, ["reloa"], tmp_path) == {"reload"}
    assert {"--socket", "--json"} <= offered(shell, ["--"], tmp_path)
    assert offered(shell, ["completion", ""], tmp_path) >= {"bash", "zsh", "fish"}
    assert offered(shell, ["--json", "completion", "z"], tmp_path) == {"zsh"}
    assert "reload" not in offered(shell, ["status", ""], tmp_path)
    assert "--json" in offered(shell, ["status", "--"], tmp_path)
    assert offered(shell, ["--socket", "ap"], tmp_path) == {"api.sock"}
    assert "reload" in offered(shell, ["--socket", "api.sock", "re"], tmp_path)


def test_another_shell_is_wrong_use():
    done = subprocess.run([CTL, "completion", "csh"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=HANG, check=False)
    assert done.returncode == 2 and done.stdout == b"" and b"csh" in done.stderr


def test_it_asks_nobody(tmp_path):
    done = subprocess.run([CTL, "--socket", str(tmp_path / "none"), "completion", "bash"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=HANG, check=False)
    assert done.returncode == 0 and b"complete -F" in done.stdout
