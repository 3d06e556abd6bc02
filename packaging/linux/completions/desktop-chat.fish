complete -c desktop-chat -f
complete -c desktop-chat -l profile -x -a '(__fish_complete_directories)' -d 'Keep everything of this run under a folder'
complete -c desktop-chat -l demo -d 'Use the built-in demo model: no key, no network'
complete -c desktop-chat -l debug -d 'Log more, to standard error too'
complete -c desktop-chat -l new-chat -d 'Show a new chat, also where the program runs already'
complete -c desktop-chat -l open -r -F -d 'Open a new chat with the text of a file, not sent'
complete -c desktop-chat -l screenshot -r -F -d 'Paint the window off screen into a PNG, and end'
complete -c desktop-chat -l version -d 'Show the version and exit'
complete -c desktop-chat -s h -l help -d 'Show the options and exit'
