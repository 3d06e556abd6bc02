#compdef desktop-chat

_arguments -s -S : \
  '--profile=[keep everything of this run under a folder]:folder:_files -/' \
  '--demo[use the built-in demo model: no key, no network]' \
  '--debug[log more, to standard error too]' \
  '--new-chat[show a new chat, also where the program runs already]' \
  '--open=[open a new chat with the text of a file, not sent]:text file:_files' \
  '--import=[add the chats of an export, without a window, and end]:export:_files' \
  '--screenshot=[paint the window off screen into a PNG, and end]:picture:_files -g "*.png(-.)"' \
  '(- *)--version[show the version and exit]' \
  '(- *)'{-h,--help}'[show the options and exit]' \
  '1:text of a new chat, not sent: '
