"""The real mail servers, one file each."""
