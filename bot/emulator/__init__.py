"""A local GitLab for the demo and the tests: a stateful server of GitLab's REST API, kept in memory.

It imports nothing else of the bot, so that it can disagree with it. README.md beside this file says what it covers.
"""
