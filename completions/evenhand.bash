# Bash completion for evenhand. Commands and options come from the program's own help, so they are never out of date.

# The words that begin with -- and stand first on a line of the help of a command.
_evenhand_options() { evenhand help "$@" 2>/dev/null | sed -n 's/^  \(--[a-z][a-z-]*\).*/\1/p'; }

_evenhand_commands() { evenhand help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'; }

# The end of a list with commas: what is there already is not offered again.
_evenhand_formats() {
    local cur=$1 before='' format formats=(text json html csv)
    [[ $cur == *,* ]] && before=${cur%,*},
    for format in "${formats[@]}"; do
        [[ ,$before == *,$format,* ]] || COMPREPLY+=("$before$format")
    done
    mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]}" -- "$cur")
    compopt -o nospace 2>/dev/null
}

_evenhand() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    # --format=text arrives as three words, because = divides words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_evenhand_commands) --help --version" -- "$cur")
    elif [[ $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_evenhand_commands)" -- "$cur")
    elif [[ $COMP_CWORD -eq 2 && $command == ledger ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'verify prove verify-proof show stats append erase cosign' -- "$cur")
    elif [[ $COMP_CWORD -eq 2 && $command == keys ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'show make rotate' -- "$cur")
    elif [[ $COMP_CWORD -eq 2 && $command == store ]]; then
        mapfile -t COMPREPLY < <(compgen -W 'check' -- "$cur")
    elif [[ $prev == --format ]]; then
        _evenhand_formats "$cur"
    elif [[ $prev == --workspace ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$cur") && compopt -o filenames 2>/dev/null
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_evenhand_options "$command")" -- "$cur")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames 2>/dev/null
    fi
}

complete -F _evenhand evenhand
