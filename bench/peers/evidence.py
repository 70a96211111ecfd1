"""evidence.py BUNDLE: reads the Parquet or Arrow of a bundle by pyarrow and says whether its rows are those that were signed."""
import hashlib, json, sys, time
import pyarrow.parquet as pq, pyarrow.ipc as ipc, pyarrow as pa
def canon(cols, types, row):
    parts=[]
    for n,t,v in zip(cols,types,row):
        if v is None: continue
        if t=="instant": s=json.dumps(v)
        elif t=="text": s=json.dumps(v, ensure_ascii=False)
        elif t=="boolean": s="true" if v else "false"
        elif t=="integer": s=str(v)
        else: s=str(int(v)) if v==int(v) and abs(v)<1e21 else repr(v)
        parts.append(json.dumps(n)+":"+s)
    return "{"+",".join(parts)+"}"
def root(leaves):
    st=[];n=0
    for l in leaves:
        node=l;size=n
        while size%2==1:
            node=hashlib.sha256(b"\1"+st.pop()+node).digest();size=(size-1)//2
        st.append(node);n+=1
    r=st.pop() if st else hashlib.sha256(b"").digest()
    while st: r=hashlib.sha256(b"\1"+st.pop()+r).digest()
    return n,r.hex()
d=sys.argv[1]; m=json.load(open(d+"/manifest.json"))
for f in m["files"]:
    t=f.get("table")
    if not t: continue
    if t["format"] not in ("parquet","arrow"): continue
    cols=[c["name"] for c in t["columns"]]; types=[c["type"] for c in t["columns"]]
    if t["format"]=="parquet": batches=pq.ParquetFile(d+"/"+f["name"]).iter_batches(8192)
    else:
        r=ipc.open_file(d+"/"+f["name"]); batches=(r.get_batch(i) for i in range(r.num_record_batches))
    def leaves():
        for b in batches:
            for n,ty in zip(cols,types):
                if ty=="instant": assert b.schema.field(n).type==pa.timestamp("us",tz="UTC"), b.schema.field(n)
            arrs=[]
            for n,ty in zip(cols,types):
                c=b.column(n)
                if ty=="instant":
                    c=[None if v is None else time.strftime("%Y-%m-%dT%H:%M:%S",time.gmtime(v//1000000))+".%06dZ"%(v%1000000) for v in c.cast(pa.int64()).to_pylist()]
                else: c=c.to_pylist()
                arrs.append(c)
            for row in zip(*arrs):
                yield hashlib.sha256(b"\0"+canon(cols,types,row).encode()).digest()
    n,r=root(leaves())
    signed = n == t["rows"] and r == t["merkleRoot"]
    print(f"pyarrow {pa.__version__} reads {n} rows of {f['name']}: " + ("those that were signed" if signed else "OTHERS than were signed"))
