"""Data sets: PS3.5, PS3.6, PS3.10, and their forms on the web (PS3.18 Annex F, PS3.19 Annex A); bytes in, values out.

The map, from the ground up:

- `vr`: the 34 value representations as a table
- `dictionary`: tags, keywords, VRs, private attributes, UIDs; its tables are generated (``*_data``)
- `charset`: Specific Character Set, text from bytes and back
- `transfer_syntax`: how data sets are encoded, and the media types of their frames
- `values`: value fields and Python values; `dataset`: elements as spans of a buffer
- `reader` over a whole buffer, with `reading`, `irregular`, `vr_resolution` and `inflate` for what is not plain;
  `writer` in any transfer syntax; `file_format` for preamble and File Meta Information
- `json_model` and `json_values` encode DICOM JSON, `json_reader` decodes it; `xml_model` and `xml_reader` do the same
  for the Native DICOM Model
- `codestream`: what the header of a compressed image says
- `dicomdir`, with its tables in `directory_records`: the directory of a File-set
"""

from dicomcore.data.assembly import AssembledInstance, BulkdataPart, instance_from_metadata
from dicomcore.data.bulkdata import bulkdata_media_type, bulkdata_paths, bulkdata_value, find_element
from dicomcore.data.charset import DEFAULT, UTF8, Charset
from dicomcore.data.codestream import ImageHeader, read_image_header
from dicomcore.data.dataset import Buffer, Dataset, Element, new_dataset
from dicomcore.data.dicomdir import (
    DirectoryEntry,
    FileIds,
    check_file_id,
    directory_entry,
    encode_dicomdir,
)
from dicomcore.data.dictionary import (
    STORAGE_SOP_CLASSES,
    is_private,
    is_private_creator,
    is_retired_uid,
    keyword_of,
    name_of,
    parse_tag,
    private_creator_tag,
    private_name_of,
    private_vm_of,
    tag_of,
    uid_keyword,
    uid_name,
    uid_type,
    vm_of,
    vr_of,
    vrs_of,
)
from dicomcore.data.file_format import Part10, encode_file_meta, file_header, guess_transfer_syntax, read_file
from dicomcore.data.json_model import (
    PLACEHOLDER,
    BulkdataPolicy,
    encode_elements,
    encode_json,
    join,
)
from dicomcore.data.json_parser import load_json, load_plain
from dicomcore.data.json_reader import Metadata, decode_json, decode_json_instances
from dicomcore.data.reader import read_dataset
from dicomcore.data.reading import Alarm
from dicomcore.data.transfer_syntax import (
    DEFAULT_TRANSFER_SYNTAXES,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ENCAPSULATED_UNCOMPRESSED,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    MEDIA_TYPE_ALIASES,
    OCTET_STREAM,
    TRANSFER_SYNTAXES,
    TransferSyntax,
    canonical_media_type,
    lookup,
    transfer_syntax,
    transfer_syntaxes_of,
)
from dicomcore.data.vr import CHARSET_DEPENDENT_VRS, LONG_HEADER_VRS, VRS, Kind, VrRule
from dicomcore.data.writer import write_dataset
from dicomcore.data.xml_model import encode_xml, iterate_xml, xml_of_json
from dicomcore.data.xml_reader import decode_xml

__all__ = [
    "CHARSET_DEPENDENT_VRS",
    "DEFAULT",
    "DEFAULT_TRANSFER_SYNTAXES",
    "DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN",
    "ENCAPSULATED_UNCOMPRESSED",
    "EXPLICIT_VR_BIG_ENDIAN",
    "EXPLICIT_VR_LITTLE_ENDIAN",
    "IMPLICIT_VR_LITTLE_ENDIAN",
    "LONG_HEADER_VRS",
    "MEDIA_TYPE_ALIASES",
    "OCTET_STREAM",
    "PLACEHOLDER",
    "STORAGE_SOP_CLASSES",
    "TRANSFER_SYNTAXES",
    "UTF8",
    "VRS",
    "Alarm",
    "AssembledInstance",
    "Buffer",
    "BulkdataPart",
    "BulkdataPolicy",
    "Charset",
    "Dataset",
    "DirectoryEntry",
    "Element",
    "FileIds",
    "ImageHeader",
    "Kind",
    "Metadata",
    "Part10",
    "TransferSyntax",
    "VrRule",
    "bulkdata_media_type",
    "bulkdata_paths",
    "bulkdata_value",
    "canonical_media_type",
    "check_file_id",
    "decode_json",
    "decode_json_instances",
    "decode_xml",
    "directory_entry",
    "encode_dicomdir",
    "encode_elements",
    "encode_file_meta",
    "encode_json",
    "encode_xml",
    "file_header",
    "find_element",
    "guess_transfer_syntax",
    "instance_from_metadata",
    "is_private",
    "is_private_creator",
    "is_retired_uid",
    "iterate_xml",
    "join",
    "keyword_of",
    "load_json",
    "load_plain",
    "lookup",
    "name_of",
    "new_dataset",
    "parse_tag",
    "private_creator_tag",
    "private_name_of",
    "private_vm_of",
    "read_dataset",
    "read_file",
    "read_image_header",
    "tag_of",
    "transfer_syntax",
    "transfer_syntaxes_of",
    "uid_keyword",
    "uid_name",
    "uid_type",
    "vm_of",
    "vr_of",
    "vrs_of",
    "write_dataset",
    "xml_of_json",
]
