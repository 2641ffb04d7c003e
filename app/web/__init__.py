"""The pages that people see: the study list, studies, the image view, upload, nodes, transfers, status.

`pages` makes HTML out of templates; `static_files` serves scripts and styles; each of the other modules holds the
routes of one page. `website` puts all of them into the application. The pages ask the same `Source`s as the web
services do, and everything that changes something goes through the REST of those (`/dicom-web`, `/nodes`,
`/transfers`).
"""
