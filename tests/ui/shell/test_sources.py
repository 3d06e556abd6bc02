"""From the demo model to the screen: a search, an answer, and where it is from."""

from qasync import QEventLoop

from tests.ui.shell.conftest import Running, until


def test_sources_are_shown_and_kept(loop: QEventLoop, running: Running) -> None:
    async def body() -> None:
        chat = running.window.chat
        running.window.new_chat()
        sending = chat.send("Why are there tides? With sources")
        assert sending is not None
        assert await sending
        session = running.window.session
        assert session is not None
        await until(lambda: not session.is_busy)
        view = chat.transcript
        assert "far side. The sea rises on both sides at once.[1]" in view.rendered_text(1)
        assert "Searched the web" in view.notice(1)
        assert [label for label, _url in view.parts.sources(1)] == [
            "1. Tides and water levels",
            "2. Tidal force",
        ]
        stored = (await running.store.tree(running.shown_id)).path[-1]
        assert stored.parts == session.tree.path[-1].parts

    loop.run_until_complete(body())
