"""Dockerfiles for policies that were written for other programs: every form such a policy can ask for."""

from __future__ import annotations

SOURCES = {
    "plain": "FROM alpine\nCMD echo hi\n",
    "latest": 'FROM alpine:latest\nCMD ["sh"]\n',
    "stages": 'FROM golang:1.22 AS Build\nRUN make all\nFROM build\nRUN git clone x\nENTRYPOINT ["/app"]\n',
    "by number": "FROM a:1\nFROM b:1\nCOPY --from=0 --chown=1:1 /a /b\nUSER 0\n",
    "arguments first": "ARG V=1\nARG W\nFROM alpine:$V\nUSER root\n",
    "comments": "# TODO above\n#   and TODO\nFROM a:1\n# TODO before b\nFROM b:1\n# none\nRUN x\n# TODO last\n",
    "comment inside": "FROM a:1\nRUN apt-get install \\\n  # TODO inside\n  curl\n",
    "environment": 'FROM a:1\nENV API_TOKEN=1 B="two words" \\\n  MY_PASSWORD=x\nENV SECRET_KEY long value\n',
    "labels": "FROM a:1\nLABEL a=b \"c d\"='e f'\nLABEL old style\nADD a b /c\n",
    "emptied": "FROM a:1\nENTRYPOINT []\nCMD []\n",
    "lists": 'FROM a:1\nRUN ["git", "clone\\n"]\nCOPY ["a b", "/c"]\nADD ["x", "/y"]\nVOLUME ["/v"]\nSHELL ["/bin/sh", "-c"]\n',
    "not quite lists": "FROM a:1\nCMD ['a', 'b']\nENTRYPOINT [a]\n",
    "triggers": 'FROM a:1\nONBUILD RUN make it\nonbuild copy --from=x a b\nONBUILD CMD ["a"]\nONBUILD ENV A=1 B=2\n',
    "health": "FROM a:1\nHEALTHCHECK --interval=3s CMD curl -f x\nHEALTHCHECK NONE\n",
    "here-documents": "FROM a:1\nRUN <<EOF\napt-get install x\nmake y\nEOF\nRUN <<-A cat && <<B cat\n\t1\n\tA\n2\nB\n",
    "copied here-documents": "FROM a:1\nCOPY <<one <<two /d/\n1\none\n2\ntwo\nADD <<x /y\nz\nx\n",
    "a script": "FROM a:1\nRUN <<EOF\n#!/usr/bin/env python\nprint(1)\nEOF\n",
    "pipe": "FROM a:1\nRUN curl x \\\n | sh\nUSER app\n",
    "backtick": "# escape=`\nFROM a:1\nRUN a `\n  b\nWORKDIR C:\\x\n",
    "carriage returns": "FROM a:1\r\nRUN git \\\r\n  pull\r\nCMD x\r\n",
    "lower case": "from a as one\nrun make\nfrom one as two\ncmd x\n",
    "other letters": 'FROM a:1\nLABEL name="caf\u00e9"\nRUN echo \u4f60\u597d git\n',
    "all else": 'FROM a:1\nEXPOSE 80 443/tcp\nSTOPSIGNAL 9\nMAINTAINER me you\nWORKDIR /a b\nARG X=1 Y\nUSER "a b"\n',
    "many": "FROM a:1\nFROM a:1\nFROM a:1\nFROM --platform=linux/amd64 a:1\nENTRYPOINT x y\n",
    "flags": "FROM a:1\nRUN --mount=type=cache,target=/x --network=none apt-get install y\n",
}
