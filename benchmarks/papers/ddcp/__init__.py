"""The DDCP paper: diagnosis, cables, storage, three stages and the joint plan beside ours."""
