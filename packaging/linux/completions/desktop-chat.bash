# bash completion for desktop-chat

_desktop_chat() {
    local cur prev words cword
    _init_completion -s 2>/dev/null || {
        cur=${COMP_WORDS[COMP_CWORD]}
        prev=${COMP_WORDS[COMP_CWORD - 1]}
    }
    compopt -o filenames 2>/dev/null
    case $prev in
        --profile)
            mapfile -t COMPREPLY < <(compgen -d -- "$cur")
            return
            ;;
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
            ;;
    esac
    if [[ $cur == -* ]]; then
        compopt +o filenames 2>/dev/null
    fi
}

complete -F _desktop_chat desktop-chat
