# bash completion for desktop-chat

_desktop_chat() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    # bash takes the sign in --option=value for a word of its own.
    if [[ $cur == = ]]; then
        cur=""
        prev=${COMP_WORDS[COMP_CWORD - 1]}
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $prev in
        --profile)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -d -- "$cur")
            ;;
        --screenshot | --open | --import)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            ;;
        *)
            if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "
                    --profile --demo --debug --new-chat --open --import --screenshot --version --help -h
                " -- "$cur")
            fi
            ;;
    esac
}

complete -F _desktop_chat desktop-chat
