#!/usr/bin/env python3
"""The interface for machines, from outside.

usage: run.py document      every route and method of docs/openapi.json, and no other, answers as the document says
       run.py hostile       what is no request, no key, no JSON, too much or too slow: refused, and the server goes on
       run.py consistency   an opt-out that was answered is seen by a thousand questions at once, and after kill -9
       run.py walk          the commands of docs/api.md, as they stand there
       run.py client        examples/client.c, compiled and run
       run.py pages         what people write is text on every page; sessions, forms and links keep out who does not belong
       run.py roles         each role sees and does what the table says on every route of the team, and nothing without a token
       run.py process       one server for a workspace, stopped cleanly, without privileges
       run.py outcomes      what is told of decisions is what the campaign's report counts
"""
import sys

import client
import consistency
import document
import hostile
import outcomes
import pages
import process
import roles
import walk

PARTS = {"document": document.run, "hostile": hostile.run, "consistency": consistency.run, "walk": walk.run, "client": client.run,
         "outcomes": outcomes.run, "process": process.run,
         "pages": pages.run, "roles": roles.run}
sys.exit(PARTS[sys.argv[1]]() or 0)
