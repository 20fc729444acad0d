# Bash completion for evenhand.

_evenhand_formats() {
    local cur=$1 before='' format formats=(text json html csv)
    [[ $cur == *,* ]] && before=${cur%,*},
    for format in "${formats[@]}"; do
        [[ ,$before == *,$format,* ]] || COMPREPLY+=("$before$format")
    done
    mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]}" -- "$cur")
    compopt -o nospace 2>/dev/null
}

_evenhand_scan() {
    local cur=$1 prev=$2
    case $prev in
        --format) _evenhand_formats "$cur" ;;
        --direction) mapfile -t COMPREPLY < <(compgen -W 'low high both' -- "$cur") ;;
        --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames 2>/dev/null ;;
        --decision | --expected | --label | --score | --weight | --within | --where | --over | --bands | --penalty | \
            --confidence | --threads | --memory | --seed) ;;
        *)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W '--decision --expected --label --score --weight --within --where --over
                    --bands --direction --penalty --confidence --format --output --threads --memory --seed --quiet --help' -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                compopt -o filenames 2>/dev/null
            fi
            ;;
    esac
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
        mapfile -t COMPREPLY < <(compgen -W 'audit scan limits --help --version' -- "$cur")
        return
    fi
    [[ $command == audit || $command == scan ]] || return
    if [[ $command == scan ]]; then
        _evenhand_scan "$cur" "$prev"
        return
    fi
    case $prev in
        --format) _evenhand_formats "$cur" ;;
        --before | --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames 2>/dev/null ;;
        --decision | --label | --by | --score | --weight | --value | --within | --where | --intersections | --reference | \
            --tolerance | --confidence | --min-cell | --bands | --top | --soft | --gate | --threads | --memory | --seed) ;;
        *)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W '--decision --label --by --score --weight --value --within --where
                    --intersections --reference --tolerance --confidence --min-cell --bands --top --soft --gate --before
                    --format --output --threads --memory --seed --quiet --help' -- "$cur")
            else
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                compopt -o filenames 2>/dev/null
            fi
            ;;
    esac
}

complete -F _evenhand evenhand
