"""The lifecycle of a job after its submission: claim, record, finish, recover, resume, delete."""
