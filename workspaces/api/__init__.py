"""The API of people and places, and what the APIs of all apps are made of.

``door`` signs a program in and turns what is refused into an answer, ``routes`` declares what is at which path and for
whom, ``paging`` and ``where`` read lists, ``shapes`` says what is answered. The other modules are one subject each, and
call the same actions as the pages. ``pipes.api`` puts all together.
"""
