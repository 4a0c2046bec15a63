"""Published versions: immutable folders of files, and the ledger of what each is good for."""
