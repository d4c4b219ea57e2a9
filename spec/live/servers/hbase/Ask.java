/* Ask - HBase's own Java client, for specs: a view of the tables that owes
 * nothing to the connector. Each line of standard input is a command, its words
 * separated by tabs; bytes are hexadecimal.
 *
 *   create TABLE FAMILY[,FAMILY...] [SPLIT...]  a table, split at these rows
 *   put TABLE ROW FAMILY:QUALIFIER TYPE TEXT    Bytes.toBytes of a Java value
 *   fill TABLE FAMILY N                         rows of toBytes(int), q = "v"+i
 *   dump TABLE                                  a line a cell
 *   count TABLE                                 rows
 *   split TABLE ROW                             splits a region and waits
 *   drop TABLE
 *
 * SPDX-License-Identifier: Apache-2.0 */
import java.io.*;
import java.math.BigDecimal;
import java.util.*;
import org.apache.hadoop.hbase.*;
import org.apache.hadoop.hbase.client.*;
import org.apache.hadoop.hbase.util.Bytes;

public class Ask {
    static byte[] value(String type, String text) {
        switch (type) {
        case "string": return Bytes.toBytes(text);
        case "boolean": return Bytes.toBytes(Boolean.parseBoolean(text));
        case "byte": return new byte[] {Byte.parseByte(text)};
        case "short": return Bytes.toBytes(Short.parseShort(text));
        case "int": return Bytes.toBytes(Integer.parseInt(text));
        case "long": return Bytes.toBytes(Long.parseLong(text));
        case "float": return Bytes.toBytes(Float.parseFloat(text));
        case "double": return Bytes.toBytes(Double.parseDouble(text));
        case "decimal": return Bytes.toBytes(new BigDecimal(text));
        case "hex": return Bytes.fromHex(text);
        default: throw new IllegalArgumentException(type);
        }
    }

    static void create(Admin admin, String[] w) throws Exception {
        var table = TableDescriptorBuilder.newBuilder(TableName.valueOf(w[1]));
        for (String family : w[2].split(","))
            table.setColumnFamily(ColumnFamilyDescriptorBuilder.of(family));
        byte[][] splits = new byte[w.length - 3][];
        for (int i = 3; i < w.length; i++)
            splits[i - 3] = Bytes.fromHex(w[i]);
        admin.createTable(table.build(), splits.length == 0 ? null : splits);
    }

    static void put(Table table, String[] w) throws Exception {
        String[] column = w[3].split(":", 2);
        table.put(new Put(Bytes.fromHex(w[2])).addColumn(Bytes.toBytes(column[0]),
            Bytes.toBytes(column[1]), value(w[4], w.length > 5 ? w[5] : "")));
    }

    static void fill(Table table, String family, int n) throws Exception {
        var puts = new ArrayList<Put>();
        for (int i = 0; i < n; i++)
            puts.add(new Put(Bytes.toBytes(i)).addColumn(Bytes.toBytes(family),
                Bytes.toBytes("q"), Bytes.toBytes("v" + i)));
        table.put(puts);
    }

    static void dump(Table table) throws Exception {
        try (var rows = table.getScanner(new Scan())) {
            for (Result row : rows)
                for (Cell c : row.rawCells())
                    System.out.println(Bytes.toHex(CellUtil.cloneRow(c)) + " "
                        + Bytes.toString(CellUtil.cloneFamily(c)) + ":"
                        + Bytes.toString(CellUtil.cloneQualifier(c)) + " "
                        + Bytes.toHex(CellUtil.cloneValue(c)));
        }
    }

    static void count(Table table) throws Exception {
        int n = 0;
        try (var rows = table.getScanner(new Scan())) {
            for (Result row : rows)
                n++;
        }
        System.out.println(n);
    }

    static void split(Connection c, Admin admin, String[] w) throws Exception {
        TableName name = TableName.valueOf(w[1]);
        int before = admin.getRegions(name).size();
        admin.split(name, Bytes.fromHex(w[2]));
        for (int i = 0; i < 300; i++) {
            if (admin.getRegions(name).size() > before && admin.isTableAvailable(name))
                return;
            Thread.sleep(50);
        }
        throw new IOException("no split after 15 s");
    }

    static void run(Connection c, Admin admin, String[] w) throws Exception {
        switch (w[0]) {
        case "create": create(admin, w); return;
        case "split": split(c, admin, w); return;
        case "drop":
            admin.disableTable(TableName.valueOf(w[1]));
            admin.deleteTable(TableName.valueOf(w[1]));
            return;
        }
        try (Table table = c.getTable(TableName.valueOf(w[1]))) {
            switch (w[0]) {
            case "put": put(table, w); break;
            case "fill": fill(table, w[2], Integer.parseInt(w[3])); break;
            case "dump": dump(table); break;
            case "count": count(table); break;
            default: throw new IllegalArgumentException(w[0]);
            }
        }
    }

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        try (var c = ConnectionFactory.createConnection(HBaseConfiguration.create());
             var admin = c.getAdmin()) {
            for (String line = in.readLine(); line != null; line = in.readLine())
                if (!line.isEmpty())
                    run(c, admin, line.split("\t"));
        }
    }
}
