"""A desktop chat client for the OpenAI API and every server that speaks it.

The map, from the top down, one line a file; a path that ends in / is a folder and its __init__.py.
Imports point down: the program -> ui -> session -> services -> domain. Services are api, storage and the
files beside them; they never import each other, except that all may use paths, tasks and worker. Each
library has one home. ``tests/test_architecture.py`` holds the code to all of this.

__main__.py                         ``python -m desktop_chat``
app.py                              start-up and shutdown, told in order
application.py                      the running program: QApplication, loop, and who gets which object
command_line.py                     the command line and the environment, read before Qt is imported
frozen.py                           what a bundled program sets right that PyInstaller leaves to it
import_command.py                   chats added to a profile without a window
instance.py                         one program a profile: a second start hands its prompt to the first
network.py                          what the system says of the network
opening.py                          opening the chats at start-up: what stands in the way is asked about
opened_file.py                      a file that the user opens, as text for the composer

ui/                                 windows and widgets: the only home of QtGui and QtWidgets
ui/about.py                         what this program is, and what it runs on
ui/actions.py                       every command of the window and its shortcut, one table
ui/addresses.py                     where an address of the web really leads, and what could mislead
ui/announcing.py                    what a screen reader says although the focus stays
ui/attachments/                     what the user attaches to a message: from where, and as what it is sent
ui/attachments/address.py           an image that only its address is sent of, over the chat
ui/attachments/attaching.py         wires the composer to what attachments come from, and to what shows them
ui/attachments/chips.py             the attachments of a message that is written: chips above its text
ui/attachments/drop_area.py         says, over the chat, that what is dragged can be dropped there
ui/attachments/intake.py            what is on its way into a message: read, drawn anew, kept
ui/attachments/pictures.py          images as they are sent: drawn anew, in sRGB, no larger than is read
ui/attachments/portal.py            the desktop's own screenshot, by its portal
ui/attachments/screenshot.py        a part of the screen as an image, chosen by the user
ui/attachments/sources.py           the button to attach, and what a clipboard or a drag has in it
ui/attachments/viewer.py            an attachment in a window of its own: as it is sent, or as it was
ui/attachments/words.py             attachments in words: what one is, what it takes, what of it is sent
ui/backups.py                       the window of the backups: what there is, and what of it comes back
ui/buttons.py                       buttons with an icon of the theme
ui/card.py                          dialogs drawn inside their window
ui/card_parts.py                    what cards are made of: texts, details, rows of buttons
ui/chat_header.py                   the line above the transcript: title, model, context, cost
ui/chat_view.py                     the chat that is shown: one session wired to its widgets
ui/chat_window.py                   a chat in a window of its own, without the list of chats
ui/check_line.py                    a live check of an endpoint and its key
ui/choice.py                        a choice among a few, as a button
ui/composer.py                      where the user writes
ui/context/                         the context inspector: what goes into the next request
ui/context/dialog.py                the window: total, strategy, summary, messages, the server's own count
ui/context/list.py                  the list of messages: painted, and what keys and menu choose
ui/context/rows.py                  the next request as rows
ui/context/strategy.py              the choice of what to do with a chat that grows
ui/context/summary.py               the summary of older turns: shown, changed, written anew
ui/conversation_list/               the list of conversations, over the database
ui/conversation_list/choosing.py    cards in which folders and tags are named, coloured and chosen
ui/conversation_list/delegate.py    how a row is painted, and how it is renamed
ui/conversation_list/dragging.py    dragging chats and folders into folders
ui/conversation_list/head.py        how the list is sorted and filtered; what is done with several chats
ui/conversation_list/model.py       conversations, folders and names of groups as the rows of a list
ui/conversation_list/ordering.py    what can be done with chats and folders: menus, and what is behind them
ui/conversation_list/paging.py      what rows show, read a page at a time where it is looked at
ui/conversation_list/rows.py        which rows there are: pinned, folders, days
ui/conversation_list/view.py        keys, the mouse, what is selected, what is dragged
ui/counts.py                        numbers of things in words
ui/details.py                       the details panel: what is sent with each request, what was used
ui/dialogs.py                       who shows which dialog when
ui/drafts.py                        what is typed but not sent: kept, and the same in all windows
ui/empty_state.py                   what stands in for a transcript without messages
ui/endpoint_fields.py               where requests go, as fields
ui/endpoint_presets.py              well-known servers, to fill the form in
ui/endpoint_values.py               what a user enters for an endpoint, cleaned and checked
ui/exporting/                       exporting chats: what the user chooses, how far it is, how it ended
ui/exporting/dialog.py              which chats, as what, and with what of them
ui/exporting/look.py                how messages look in files: HTML and text by the transcript's parser, PDF
ui/file_saver.py                    saving to a file that the user names
ui/find_bar.py                      where the user finds text in the chat
ui/form.py                          labelled fields with hints, and what is wrong below them
ui/gauge.py                         how much is used: a slim bar, and the header's button with one
ui/hold_dialog.py                   a request that was held back, over the chat
ui/hold_words.py                    why a request is held back, budgets and ends of models, in words
ui/holds.py                         who shows the inspector, what is held back and what a budget warns of
ui/icons.py                         Lucide icons, tinted in a colour of the theme
ui/importing/                       importing chats: how far it is, and how it ended
ui/importing/dialog.py              the cards of an import: what was found, what was not taken
ui/json_object.py                   a JSON object that a user writes
ui/json_view/                       JSON to look at: what others take of it
ui/json_view/model.py               JSON as a tree for Qt, whose nodes are made when they are looked at
ui/json_view/slices.py              long work on the GUI thread in slices
ui/json_view/tree.py                JSON as a tree that is walked by keys
ui/json_view/view.py                JSON as a tree and as text, with find and copy
ui/json_view/window.py              a window with JSON in it
ui/json_view/writing.py             JSON as lines of text, of any size and depth
ui/key_field.py                     where a key is typed or pasted
ui/licences.py                      the licences of the program and of all that it is made of
ui/link_line.py                     where the link under the pointer or the caret leads
ui/links.py                         the one way out: every link that is opened passes here
ui/lock.py                          the app lock: a curtain in place of every window
ui/log/                             the log, and what of it helps to find a mistake
ui/log/diagnostics.py               the diagnostics, shown before they are saved
ui/log/model.py                     the records of the log that are looked for, as a table
ui/log/window.py                    the window of the log
ui/main_window.py                   the sidebar, the chat, the details and the commands
ui/message_details/                 what is known of one answer: what others take of it
ui/message_details/exchange.py      what was sent and received, as values to look at and to copy
ui/message_details/facts.py         an answer and an attempt at it, as names and values
ui/message_details/table.py         those facts as a table
ui/message_details/window.py        the window of the details of one answer
ui/meter.py                         what the next request takes, and what the chat cost, as the user types
ui/model_facts.py                   what is known of a model for the one who chooses
ui/model_picker.py                  a popup with the models of every endpoint, filtered as you type
ui/model_rows.py                    the rows of the model picker
ui/money.py                         money in words
ui/notice_bar.py                    a slim bar for what goes on for a while, such as a full disk
ui/notice_words.py                  the words for each kind of error
ui/notices.py                       domain errors and retry status -> titles, texts and buttons
ui/palette/                         the palette: a search of all chats as one types, and every command
ui/palette/commands.py              the commands of a window as rows, found by parts of their names
ui/palette/filters.py               the filters of a search: which there are, and their completions
ui/palette/painter.py               how the rows of the palette are painted
ui/palette/palette.py               the field, what was found for it, and what the keys do, over a window
ui/palette/rows.py                  the rows of the palette: what they hold, and how they are told
ui/palette/searching.py             the search that is running: the newest one, page by page
ui/palette/words.py                 what was found, as rows and in words
ui/paper.py                         a chat on paper or as a PDF: dialogs, progress, where it goes
ui/parameters/                      every parameter of a request as a field
ui/parameters/dialog.py             the window of all parameters, in groups
ui/parameters/fields.py             fields for numbers, texts, choices and pairs
ui/parameters/follower.py           keeps the parameters in step with the model that gets them
ui/parameters/format_field.py       what an answer has to be, with its schema
ui/parameters/json_field.py         a JSON object that is written by hand, checked as it is typed
ui/parameters/row.py                one parameter: its name, its field, its help, its default
ui/parameters/slider.py             a number with both ends as a slider
ui/parameters/target.py             who gets the parameters of a chat
ui/parameters/words.py              names of values, and what is set in words
ui/preferences/                     the settings: one file a page
ui/preferences/amount.py            fields for dollars and tokens, with what is wrong below them
ui/preferences/appearance.py        theme, zoom, fonts, code that wraps, announcements, what Enter does
ui/preferences/backups.py           when and where the chats are copied
ui/preferences/budgets.py           what may be spent, and answers that are kept to be given again
ui/preferences/clearing.py          a button that forgets something that was kept
ui/preferences/data.py              where everything is kept
ui/preferences/dialog.py            the settings dialog: pages at the left, all applied at once
ui/preferences/endpoint/            the editor of one endpoint, in sections
ui/preferences/endpoint/address.py  where the requests of an endpoint go, and in which dialect
ui/preferences/endpoint/editor.py   the sections, the test, and Save
ui/preferences/endpoint/entered.py  what was entered, and what becomes of its secrets on Save
ui/preferences/endpoint/key.py      a key, a token from a command, or none; secret headers
ui/preferences/endpoint/models.py   default and small model, stand-ins, what models did not take
ui/preferences/endpoint/network.py  proxy and certificates
ui/preferences/endpoint/pairs.py    names and values, one pair a line
ui/preferences/endpoint/probe.py    a test of an endpoint as a checklist
ui/preferences/endpoint/sending.py  headers, query, body, attempts, waits and limits
ui/preferences/endpoints.py         the endpoints, and which is the default
ui/preferences/network.py           how often a request is tried, and how long is waited
ui/preferences/page.py              what the pages have in common
ui/preferences/passphrase.py        where the passphrase of the app lock is set, changed and removed
ui/preferences/price_editor.py      what the user knows of the prices of one model
ui/preferences/privacy.py           the app lock, what is asked before it is sent, and what is kept
ui/preferences/prices.py            where prices are from, newer ones on request, the user's own
ui/problem_dialog.py                an error that is not retried, over the chat
ui/rate_gauge.py                    what an endpoint still allows, as its last answer said
ui/recovery.py                      what is asked and told where the file of the chats is not as it should be
ui/retry_dialog.py                  the wait before a retry, over the chat
ui/safe.py                          labels, message boxes and tool tips that show text literally
ui/shutdown_notice.py               a slim notice in a chat whose model ends soon
ui/sidebar.py                       new chat, search field, chats, what can be undone, status
ui/sight.py                         what of a chat the model sees: the line, and marks at messages
ui/stand_in_notice.py               a slim notice: another model was asked, or what one does not take left out
ui/status.py                        the status line: what the open chat is doing
ui/status_words.py                  what a chat is doing, in words
ui/structured.py                    answers that have to be JSON: checked, and shown as a tree
ui/style.py                         the theme applied: Fusion, a palette, one style sheet
ui/table.py                         tables and lists that are read, not edited
ui/theme.py                         colours, fonts and sizes of both themes
ui/times.py                         days, times of day and lengths of time in words
ui/transcript/                      the chat view; the only home of markdown-it
ui/transcript/accessible.py         for screen readers: that there is a transcript, and what happens in it
ui/transcript/accessible_items.py   the list, messages, links and buttons for screen readers
ui/transcript/accessible_slots.py   two questions of screen readers that PySide does not pass on
ui/transcript/accessible_text.py    the text of a message for screen readers
ui/transcript/announcer.py          what is said of an answer while it is written
ui/transcript/arrangement.py        which messages stand where: virtual rows and their heights
ui/transcript/blocks.py             leaves laid out one by one; paragraphs and rules
ui/transcript/caret.py              the caret: moved by keys, shown while they do
ui/transcript/citations.py          sources of an answer: numbered, placed where they are cited
ui/transcript/clipboard.py          copying: plain text, HTML and Markdown, made in slices
ui/transcript/code_actions.py       what can be done with a code block: copy, save, wrap, fold
ui/transcript/code_block.py         a piece of a code block, with its frame and header
ui/transcript/code_header.py        what the header of a code block says and offers
ui/transcript/code_names.py         names of languages, and of files that code is saved to
ui/transcript/continuation.py       where a long block is cut, and what stands before the rest
ui/transcript/days.py               on which messages another day begins, and what it is called
ui/transcript/excerpt.py            a part of a chat to be copied, as leaves
ui/transcript/extras_painter.py     how steps, pictures, files and sources are drawn
ui/transcript/find.py               where a query is in a text, and which sources cannot have it
ui/transcript/find_words.py         where a text has what a search of all chats looked for
ui/transcript/finder.py             the hits of a query in all messages, searched in slices of time
ui/transcript/flow.py               the blocks of one text, one below the other, as it grows
ui/transcript/formats.py            what leaves look like: fonts, formats and measures of a theme at a zoom
ui/transcript/formulas.py           formulas: drawn by the helper, put into the text for their source
ui/transcript/heights.py            prefix sums of heights that change
ui/transcript/highlight.py          colours for code: what is known, and what the helper is asked for
ui/transcript/hit_bar.py            the scroll bar, with a tick where something was found
ui/transcript/images.py             the pictures of messages: loaded and decoded off the GUI thread
ui/transcript/inline.py             what stands within a paragraph: marks, links, formulas
ui/transcript/keyboard.py           what keys do in the transcript
ui/transcript/leaves.py             a parsed message: a flat list of leaves
ui/transcript/link_places.py        the links of a message, with their places in its text
ui/transcript/markdown.py           CommonMark with GitHub's extensions, formulas and footnotes, as leaves
ui/transcript/math_block.py         a formula that stands alone
ui/transcript/markup.py             what is copied, as HTML and as Markdown
ui/transcript/menu.py               the menu of a message
ui/transcript/pages.py              messages cut into pages: between lines, never through one
ui/transcript/paragraph.py          a paragraph in bands of lines: one that grows is measured at its end
ui/transcript/parts.py              what the view does for tool calls, sources, pictures, folds and days
ui/transcript/places.py             places of the text on the screen, and scrolling to them
ui/transcript/pointer.py            what the pointer does: hovering, clicking, selecting
ui/transcript/readings.py           messages out of view, parsed for screen readers
ui/transcript/printing.py           a chat on paper, drawn from the same rows in slices of time
ui/transcript/repaints.py           what has to be painted again
ui/transcript/row.py                one message of the transcript
ui/transcript/row_actions.py        what can be done with a message, and where in its row
ui/transcript/row_extras.py         steps of tools above an answer; pictures, files and sources below it
ui/transcript/row_painter.py        how a row is drawn
ui/transcript/row_state.py          how a message ended, when it was, what it took
ui/transcript/selection.py          a range of text across blocks and messages
ui/transcript/sideways.py           scrolling sideways by wheel, bar, keys and caret
ui/transcript/shapes.py             small shapes that are drawn, not loaded
ui/transcript/stream.py             Markdown that grows: what can no longer change is frozen
ui/transcript/strip.py              what is wider than the column, and its bar
ui/transcript/syntax.py             formulas and footnotes: what markdown-it lacks
ui/transcript/table_block.py        a piece of a table
ui/transcript/text.py               text laid out: measured, hit-tested, painted
ui/transcript/unfinished.py         markup that is still open: closed for the eye, or held back
ui/transcript/triggers.py           what the buttons of a message do
ui/transcript/view.py               Transcript: the scrolled, painted view
ui/transcript/wheel.py              what the wheel and the touch-pad say, in pixels
ui/trash.py                         deleted chats and messages, to be restored or deleted for good
ui/usage/                           the usage window: what was asked of models, when, and what it cost
ui/usage/bar_table.py               what the chart shows, as a table
ui/usage/bars.py                    what the chart shows: a report as stacked bars, by cost or by tokens
ui/usage/cards.py                   the four figures of a report
ui/usage/chart.py                   a chart of stacked bars, painted
ui/usage/export.py                  requests written to a file that the user names, as CSV or JSON
ui/usage/head.py                    what the usage window is of, and what can be done with it
ui/usage/periods.py                 the days that a report is of, and the periods it is divided into
ui/usage/reading.py                 what the usage window shows, read anew when something changed
ui/usage/table.py                   the requests of a report in a table
ui/usage/window.py                  the usage window itself
ui/usage/wording.py                 times, periods and groups of the usage window in words
ui/versions/                        versions of messages: what others take of it
ui/versions/branching.py            what becomes of branches: seen, compared, forked, deleted
ui/versions/compare.py              what differs between two messages
ui/versions/map.py                  the map of a chat: every branch of it, painted
ui/versions/rows.py                 the branches of a chat as rows
ui/welcome.py                       the first start: where to send requests, and with which key
ui/window.py                        what the windows that show a chat have in common
ui/windows.py                       the windows beside the main one: a chat each

session.py                          ChatSession: one conversation at work: send, stop, retry, save, report
asking.py                           how a conversation is asked: cleared, saved, written, held, done again
answering.py                        the answers to one request: one, or several as versions
record.py                           what of a conversation is in the database
turn.py                             one answer being written: read, saved, shown
gate.py                             what is let go: requests made of a chat, checked before anything leaves
inspection.py                       secrets and attachments of a request, looked at before it leaves
errands.py                          what the small model is asked for: titles and summaries
bookkeeping.py                      the ledger's rows of one request, each with its cost
answer_cache.py                     answers that are given again to the very same request
services.py                         what every chat of a profile works with, in one hand
chats.py                            Chats: the sessions at work, drafts, models on offer, the search
organising.py                       how chats are listed and put in order, and what takes it back
indexing.py                         when the search index is brought up to date: while nothing else goes on
undo.py                             what the user just did, and what takes it back
exports.py                          chats read from the database, and written to files in a thread
imports.py                          histories read from files in a thread, and added in batches
request_log.py                      what the log tells of each request
diagnostics.py                      what helps to find a mistake, without a word of a chat
counting.py                         how many tokens the next request of a chat takes
spending.py                         what may be spent: prices, budgets, what requests may still cost
connectivity.py                     whether there is a network: what the system and what requests say
waiting.py                          answers that are asked for when there is a network again
keeping.py                          copies of the chats: made by the hour, looked into, put back
outbox.py                           writes that must reach the database, in order, however long a disk refuses

api/                                the only home of openai and httpx2: answers and model lists of endpoints
api/bodies.py                       what the bodies of both dialects have in common
api/chat_completions.py             Chat Completions -> domain.events
api/client.py                       one AsyncOpenAI an endpoint, closed on change and exit
api/connections.py                  which proxy, whom TLS trusts, and our own certificate
api/counting.py                     how many tokens a request takes, as its endpoint counts them
api/demo.py                         the built-in demo model: answers as the API would, no socket, no key
api/errors.py                       openai, httpx2 and operating system exceptions -> domain.errors
api/extras.py                       citations and tool calls of both dialects -> parts of a message
api/guard.py                        an httpx2 transport that bounds what a server can do to us
api/limiter.py                      our own limits of an endpoint: requests a minute, at the same time
api/model_lists.py                  asks for the models of an endpoint: its pages, and what is told elsewhere
api/models.py                       what servers say of their models -> domain.model
api/openai_models.py                what OpenAI's own models can do, which their list does not say
api/parser.py                       what the dialects have in common: an answer under construction
api/prices.py                       fetches the published list of prices
api/probe.py                        a test of an endpoint: connection, models, one short answer, step by step
api/quirks.py                       what a model turned out not to take, learned from its server's rejections
api/rate_limits.py                  headers that tell what a server still allows -> domain.evidence
api/reply.py                        one reply: dialect, retries, watchdogs; yields domain.events
api/responses.py                    Responses API -> domain.events
api/retry.py                        what heals by itself, and when to try again
api/server_errors.py                what a server says went wrong -> domain.errors
api/sse.py                          server-sent events: bytes in, events out
api/transfer.py                     one request on its way: a task that reads, a watchdog that waits
api/wire.py                         a request as bytes, and what of it and its answer can be shown
storage/                            the only home of SQLite
storage/backups.py                  copies of the database: made, found, put back
storage/database.py                 the connection, and the one thread that uses it
storage/errors.py                   what can go wrong with the database
storage/evidence.py                 what went over the wire, kept: compressed, each piece once a chat
storage/export.py                   the ledger as a file, CSV or JSON
storage/foreign.py                  a table of another program's database, read where it is
storage/generations.py              which copies are kept as they grow old
storage/histories.py                whole histories: added in large numbers, read to be written elsewhere
storage/indexing.py                 the search index brought up to date in slices; what was deleted taken out
storage/ledger.py                   attempts entered into the ledger, read back, added up
storage/listings.py                 lists of conversations, and pages of them
storage/migrations.py               every change of the schema, in order, and how they are applied
storage/organising.py               rows of folders and tags, and where conversations stand
storage/pages.py                    the file of a database read page by page, around what is damaged
storage/queries.py                  what the store does, statement by statement
storage/recovery.py                 what takes the place of a database that cannot be opened
storage/reader.py                   a connection kept open for what must not wait for what is written
storage/reports.py                  what was used, by period and group
storage/rows.py                     domain values as rows, and back
storage/salvage.py                  what can still be read of a damaged database, in a new one
storage/search_schema.py            the index of all words: its tables, and triggers that note what it lacks
storage/search.py                   what is found in all chats for a query: ranked, with excerpts
storage/store.py                    Store: what the rest of the program asks of the database
storage/trash.py                    what goes: into the trash, back from it, and for good
exporting/                          chats as files for others, and in a format that loses nothing
exporting/chat.py                   what the formats for people share: branches, times, files, sources
exporting/markdown.py               a chat as Markdown, with what is known of it as YAML
exporting/messages.py               a chat as a line of JSON for fine-tuning
exporting/names.py                  names of files that every system takes, none twice
exporting/own.py                    our own format, written as chats are read
exporting/page.py                   a chat as a page: one file without a script
exporting/plan.py                   what is exported, how, and how that ended
exporting/targets.py                one file, a folder or a zip: all of it there, or nothing
exporting/text.py                   a chat as plain text
importing/                          histories of other programs, and our own, read from their exports
importing/chatbox.py                Chatbox's backup
importing/chatgpt.py                ChatGPT's data export
importing/claude.py                 Claude's data export
importing/formats.py                what the readers of the formats have in common
importing/librechat.py              LibreChat's export of a chat
importing/open_webui.py             Open WebUI's export of chats
importing/own.py                    our own format
importing/pygpt.py                  PyGPT's database, and the files of its older versions
importing/records.py                the records of a JSON file of any size, in little memory
importing/shaping.py                what was read as our own values: ids, texts, times, order
importing/source.py                 a file, an archive or a folder, read within limits
attachments/                        files and images of messages; the only home of pypdf
attachments/files.py                a file that the user names: its bytes, its name, what kind it is
attachments/store.py                attachments on the disk, named by what is in them
attachments/reading.py              the text of a file, in the helper: which reader it is for
attachments/decoding.py             text in any encoding, marked, declared or guessed
attachments/notebook.py             notebooks of Jupyter
attachments/opendocument.py         documents, sheets and slides of LibreOffice
attachments/packages.py             archives of XML, unpacked and parsed within limits
attachments/pdf.py                  the texts of the pages of a PDF
attachments/refusal.py              how a reader says that it reads nothing of a file
attachments/rtf.py                  rich text
attachments/web.py                  the text of a web page
attachments/workbook.py             workbooks of Excel
attachments/writer.py               documents and presentations of Office
tokens/                             the only home of tiktoken and genai-prices: counts and prices
tokens/batches.py                   long work in small pieces, and who is counted next
tokens/encodings.py                 counting tokens, in the helper
tokens/plain.py                     price sheets as plain data
tokens/sheets.py                    what models cost, in the helper
tokens/shutdowns.py                 when models end, and which can take their place
rendering/                          worked out in the helper process, which never imports Qt
rendering/colours.py                colours for code: Pygments, line by line
rendering/differences.py            what differs between two texts, line by line, word by word
rendering/formulas.py               formulas: ziamath, from TeX to outlines
credentials/                        secrets in the keyring of the operating system, bound to their server
credentials/command.py              a token that a command prints: run without a shell, bounded, read
credentials/keyrings.py             the keyring: absent, locked, or hanging
credentials/keys.py                 keys that are pasted, and those of a .env file
credentials/threads.py              blocking work that may never end
lock.py                             the passphrase of the app lock: hashed, kept, compared
logs.py                             the log of a profile: structured, rotating, private, without a key in it
paths.py                            a profile's files, and the resources of the program
settings.py                         every preference once: type, default, limits, description
validation.py                       answers that have to be JSON, checked in the helper
worker.py                           one killable helper process for work that may run away
tasks.py                            background tasks: remembered, reported when they fail, cancelled on quit

domain/                             pure values: standard library only, no I/O, no Qt
domain/archive.py                   a history on its way: read from an export, or written to one
domain/attaching.py                 what attachments a request may carry
domain/branches.py                  the branches of a conversation, as rows of a map
domain/context.py                   what of a conversation goes into the next request
domain/conversation.py              the tree of one conversation: parents, versions, the active path
domain/counting.py                  what a request takes in tokens beyond its texts
domain/endpoint.py                  where requests go
domain/errors.py                    the error tree, by what the user can do about each
domain/evidence.py                  what went over the wire for one attempt
domain/events.py                    what a reply in progress says
domain/forking.py                   a conversation that goes on from a message of another
domain/holds.py                     why a request is held back before anything leaves
domain/ids.py                       identifiers that sort by the time they were made
domain/interchange.py               our own format: conversations and the ledger as JSON, and back
domain/ledger.py                    an entry for each attempt that reached a server, and their sums
domain/limits.py                    how long to wait and how often to try
domain/listing.py                   how conversations are ordered: folders, tags, shelves, lists
domain/message.py                   a message and its parts
domain/model.py                     a model as an endpoint lists it
domain/money.py                     US dollars as Decimal, in whole picodollars where they are added up
domain/parameters.py                every parameter of both dialects once: range, meaning, place in a body
domain/prices.py                    what a model costs, and what that makes of a request
domain/probe.py                     what a test of an endpoint finds, step by step
domain/redaction.py                 what must not be shown: secret headers, what looks like a key
domain/request.py                   what one turn asks for
domain/search.py                    what the user looks for in all chats, and what was found
domain/search_query.py              what is typed into the search, understood
domain/secrecy.py                   what in a text looks like a secret
domain/snippets.py                  a request that was sent, as a command line and as a program
domain/structured.py                JSON that a model answered with, and what was asked of it
domain/titles.py                    titles of conversations: first words, then a model
domain/usage.py                     what one request used: tokens and time
domain/words.py                     what a word is to the search, in any script
"""

__version__ = "0.1.0"
